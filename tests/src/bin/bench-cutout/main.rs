//! `cargo xtask bench cutout`: how well subjects are cut out of composites with known alpha and of photographs, beside
//! rembg with U²-Netp (U²-Net with `--large`), alone and with closed-form matting. Prints `{"metrics", "detail"}`.

mod cut;
mod ours;
mod scripts;

use anyhow::{Context, Result};
use cavendish_engine::vision::EngineVision;
use clap::Parser;
use scripts::Scripts;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What rembg sees with, and closed-form matting after it.
const PEERS: [&str; 2] = ["u2netp", "u2netp_matting"];
/// The same with the large network.
const LARGE_PEERS: [&str; 2] = ["u2net", "u2net_matting"];

/// Measures cut-outs beside rembg.
#[derive(Debug, Parser)]
struct Args {
    /// Composites of each class.
    #[arg(long, default_value_t = 45)]
    count: u32,
    /// Also the photographs of this folder: `set/NAME.jpg` (or png, webp) with `masks/NAME.png`.
    #[arg(long)]
    photos: Option<PathBuf>,
    /// Also rembg with U²-Net.
    #[arg(long)]
    large: bool,
    /// Writes contact sheets: `SHEET.png` makes `SHEET-01.png` and so on.
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// Keeps all pictures, cut-outs and scores in this folder.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Timed runs with a photograph of two megapixels.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// `-` prints the result.
    #[arg(long, default_value = "-")]
    json: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let scratch = tempfile::tempdir()?;
    let out = args.out.clone().unwrap_or_else(|| scratch.path().to_owned());
    let scripts = Scripts::find(&out)?;
    let rows = scripts.make_set(args.count, args.photos.as_deref())?;
    let vision = EngineVision::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/vision"))
        .context("the networks that see cannot be loaded")?;
    ours::cut_all(&vision, &out, &rows).await?;
    let seconds = ours::timed(&vision, &scripts.timed_photo(), args.rounds).await?;
    let peak = ours::peak_mib()?;
    let networks = if args.large { vec![PEERS[0], LARGE_PEERS[0]] } else { vec![PEERS[0]] };
    let peers = scripts.peers(&networks)?;
    let large = if args.large { LARGE_PEERS.as_slice() } else { &[] };
    let sides: Vec<&str> = ["ours"].iter().chain(&PEERS).chain(large).copied().collect();
    let mut scores = scripts.score(&sides)?;
    if let Some(sheet) = &args.sheet {
        scripts.sheet(sheet)?;
    }
    let Value::Object(metrics) = &mut scores["metrics"] else { anyhow::bail!("no metrics came") };
    metrics.insert("seconds_2mp".into(), json!(median(&seconds)));
    metrics.insert("peak_mib".into(), json!(peak));
    scores["detail"]["samples"] = json!({"seconds_2mp": seconds});
    scores["detail"]["peers"] = peers;
    scores["detail"]["method"] = json!(METHOD);
    println!("{scores}");
    Ok(())
}

const METHOD: &str = "Composites: rendered and drawn things with exact alpha on studio grounds, surfaces and photographs, \
    with shadows, noise and JPEG, the same in every run; photographs: those that packages ship, with reference masks. \
    Every side gets the same files. iou: intersection over union at alpha >= 0.5. sad: sum of the absolute error of \
    alpha in thousands of pixels, mean over the composites; sad_share: the same as a share of the picture. grad_error: \
    sum of the squared difference of gradients (derivatives of a Gaussian, sigma 1.4) in thousands, as on \
    alphamatting.com. ratio_sad_rembg: our sad over that of rembg with U2-Netp and closed-form matting, in the class \
    where it is greatest. doubts_recall and doubts_false: share of photographs with an iou below 0.9, and of the \
    others, for which a doubt was told. seconds_2mp: from decoded pixels to the cut-out, network and all, median; the \
    first run is not counted. peak_mib: of the process that cuts. peers: median seconds on the pictures, one on each \
    core, and with a photograph of two megapixels alone on the machine.";

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
