//! Enlarges a picture, and says what it took.
//!
//! `cargo run -p cavendish-engine --example enlarge -- UPSCALER_DIR FACTOR IN OUT.png [RUNS [TILE_MB]]`

use anyhow::{Context, Result};
use cavendish_engine::Upscaler;
use cavendish_renderer::Pixels;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, factor, from, to, runs @ ..] = args.as_slice() else {
        anyhow::bail!("UPSCALER_DIR FACTOR IN OUT.png [RUNS [TILE_MB]]")
    };
    let mut upscaler = Upscaler::load(Path::new(dir), tch::Device::cuda_if_available())?;
    if let Some(megabytes) = runs.get(1) {
        upscaler = upscaler.with_memory(megabytes.parse::<u64>()? << 20);
    }
    let (factor, runs) = (factor.parse()?, runs.first().map_or(Ok(1), |text| text.parse::<usize>())?);
    let picture = image::open(from)?.to_rgb8();
    let small = Pixels { width: picture.width(), height: picture.height(), rgb: picture.into_raw() };
    let before = memory("VmRSS")?;
    for _ in 0..runs {
        let start = Instant::now();
        let large = upscaler.upscale(&small, factor)?;
        println!("{} × {} in {:.2} s", large.width, large.height, start.elapsed().as_secs_f64());
        image::save_buffer(to, &large.rgb, large.width, large.height, image::ColorType::Rgb8)?;
    }
    println!("memory: {before} MB before, {} MB at the peak", memory("VmHWM")?);
    Ok(())
}

/// What Linux says of this process, in MB.
fn memory(what: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).context("Linux says no such thing")?;
    Ok(line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>()? / 1024)
}
