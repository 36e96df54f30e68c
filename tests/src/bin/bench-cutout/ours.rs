//! Our side: every picture cut out, one after the other, and the time and memory that takes.

use crate::cut::{Cut, cut};
use crate::scripts::Row;
use anyhow::{Context, Result, ensure};
use cavendish_engine::vision::EngineVision;
use cavendish_imaging::image::RgbaImage;
use cavendish_imaging::{Decoded, Limits, decode};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, json};
use std::path::Path;
use std::time::Instant;

/// Cuts out all pictures: `ours/NAME.png`, and `ours/told.json` with what was told of them.
pub(crate) async fn cut_all(vision: &EngineVision, out: &Path, rows: &[Row]) -> Result<()> {
    let folder = out.join("ours");
    std::fs::create_dir_all(&folder)?;
    let bar = bar(rows.len());
    let mut told = Map::new();
    for row in rows {
        let picture = opened(&out.join(&row.picture))?;
        let began = Instant::now();
        let made = cut(vision, &picture).await.unwrap_or_else(|error| nothing(&picture, &error));
        let seconds = began.elapsed().as_secs_f64();
        made.rgba.save(folder.join(format!("{}.png", row.name)))?;
        let told_of_it = json!({"doubts": made.doubts, "confidence": made.confidence, "seconds": seconds});
        told.insert(row.name.clone(), told_of_it);
        bar.inc(1);
        // Bars are not drawn into a log.
        if bar.is_hidden() && bar.position().is_multiple_of(50) {
            eprintln!("cutting out {}/{}", bar.position(), rows.len());
        }
    }
    bar.finish_and_clear();
    Ok(std::fs::write(folder.join("told.json"), serde_json::to_string_pretty(&told)?)?)
}

/// Seconds from decoded pixels to the cut-out. A first run is not counted.
pub(crate) async fn timed(vision: &EngineVision, photo: &Path, rounds: usize) -> Result<Vec<f64>> {
    ensure!(rounds > 0, "--rounds must be at least 1");
    let picture = opened(photo)?;
    let mut seconds = vec![];
    for _ in 0..=rounds {
        let began = Instant::now();
        cut(vision, &picture).await?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.remove(0);
    eprintln!("two megapixels: {}", seconds.iter().map(|s| format!("{s:.2} s")).collect::<Vec<_>>().join(", "));
    Ok(seconds)
}

/// The most memory this process had.
pub(crate) fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

fn opened(file: &Path) -> Result<Decoded> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    decode(&bytes, &Limits::default()).with_context(|| format!("cannot decode {}", file.display()))
}

/// What stands for a cut-out where none could be made: all is clear, and that is told.
fn nothing(picture: &Decoded, error: &anyhow::Error) -> Cut {
    let rgba = RgbaImage::new(picture.image.width(), picture.image.height());
    Cut { rgba, doubts: vec![format!("{error:#}")], confidence: 0.0 }
}

fn bar(total: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("cutting out [{bar:24.cyan/dim}] {pos}/{len} {eta}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━╌");
    ProgressBar::new(total as u64).with_style(style)
}
