//! `cargo xtask bench finish`: one render of 2048² to the demo's five deliverables, and to thirty placements, beside
//! sharp (libvips) doing the same resizes and encodes. Prints `{"metrics", "detail"}` as JSON.

mod ours;
mod peer;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use ours::{File, Task};
use peer::Peer;
use serde_json::{Value, json};
use std::path::Path;

/// The demo's deliverables.
const DEMO: [&str; 5] = ["amazon-main", "google-merchant", "meta-feed-portrait", "meta-story", "linkedin-landscape"];
/// Placements of the larger set.
const PLACEMENTS: usize = 30;

/// Makes the files of a render beside sharp.
#[derive(Debug, Parser)]
struct Args {
    /// Timed rounds of each side, in turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// `-` prints the result.
    #[arg(long, default_value = "-")]
    json: String,
}

/// What a set came to.
struct Outcome {
    ratios: Vec<f64>,
    searching: Vec<f64>,
    images_per_s: f64,
    peer_images_per_s: f64,
    bytes_ratio: f64,
    files: Value,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir()?;
    let source = dir.path().join("render.png");
    ours::write_render(&source)?;
    let mut peer = Peer::start()?;
    let demo = contest(&args, &ours::tasks(&DEMO)?, &source, &mut peer, dir.path())?;
    let ids = ours::some_placements(PLACEMENTS)?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let many = contest(&args, &ours::tasks(&ids)?, &source, &mut peer, dir.path())?;
    let peak = ours::peak_mib()?;
    let ratio = median(&demo.ratios).min(median(&many.ratios));
    let told = |set: &Outcome| {
        json!({
            "ratio": median(&set.ratios), "ratio_with_quality_search": median(&set.searching),
            "images_per_s": set.images_per_s, "peer_images_per_s": set.peer_images_per_s,
            "bytes_ratio": set.bytes_ratio, "files": set.files,
        })
    };
    println!(
        "{}",
        json!({
            "metrics": {
                "ratio_images_per_s": ratio, "ratio_demo": median(&demo.ratios), "ratio_placements": median(&many.ratios),
                "bytes_ratio": demo.bytes_ratio.max(many.bytes_ratio), "peak_mib": peak, "peer_peak_mib": peer.peak_mib,
            },
            "detail": {
                "samples": {"ratio_demo": demo.ratios, "ratio_placements": many.ratios},
                "demo": told(&demo), "placements": told(&many), "method": METHOD,
            },
        })
    );
    Ok(())
}

const METHOD: &str = "Each side reads the same PNG and makes the same sizes: ours decodes it once and shares the work \
    among all cores; sharp is given all files at once, as its documentation shows, and shares them among its own threads. \
    Formats and quality are those that our encoder chose within each spec's budget; the timed rounds encode once at \
    that quality on both sides, colour whole from 85 on, no progression, `ratio_with_quality_search` has our search in it and sharp's single encode beside it. \
    bytes_ratio compares files of equal SSIM (luma, 8 x 8 windows, each side against its own lossless resize): sharp's \
    quality is the lowest that reaches our SSIM. Times are medians of the rounds.";

fn contest(args: &Args, tasks: &[Task], source: &Path, peer: &mut Peer, dir: &Path) -> Result<Outcome> {
    let (_, files) = ours::round(source, tasks, None)?;
    let qualities: Vec<u8> = files.iter().map(|file| file.quality).collect();
    let outputs: Vec<Value> = files.iter().map(File::order_of_quality).collect();
    let (mut ratios, mut searching, mut own, mut theirs) = (vec![], vec![], vec![], vec![]);
    peer.make(source, &outputs, None)?;
    for _ in 0..args.rounds {
        let (seconds, _) = ours::round(source, tasks, Some(&qualities))?;
        let (with_search, _) = ours::round(source, tasks, None)?;
        let peer_seconds = peer.make(source, &outputs, None)?.seconds;
        ratios.push(peer_seconds / seconds);
        searching.push(peer_seconds / with_search);
        own.push(tasks.len() as f64 / seconds);
        theirs.push(tasks.len() as f64 / peer_seconds);
    }
    let (bytes_ratio, files) = peer::at_equal_quality(&files, source, peer, dir)?;
    ensure!(!ratios.is_empty(), "--rounds must be at least 1");
    Ok(Outcome {
        ratios,
        searching,
        images_per_s: median(&own),
        peer_images_per_s: median(&theirs),
        bytes_ratio,
        files,
    })
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// A file's content as pixels.
fn pixels(bytes: &[u8]) -> Result<cavendish_imaging::image::RgbImage> {
    let decoded = cavendish_imaging::decode(bytes, &cavendish_imaging::Limits::default());
    Ok(decoded.context("a finished file cannot be read")?.to_rgb())
}
