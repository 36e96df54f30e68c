//! Draws one image: `cargo run -p cavendish-engine --example sample -- "hamburger on a sky blue background" out.png`
//!
//! Optional third and fourth arguments: the seed (default 3) and the model folder (default `models/nano`).

use anyhow::{Context, Result};
use cavendish_engine::{Batch, DeviceChoice, Image, Pipeline, Precision, Unwatched};
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let prompt = args.next().context("usage: sample PROMPT OUT.png [SEED] [MODEL_DIR]")?;
    let out = args.next().context("usage: sample PROMPT OUT.png [SEED] [MODEL_DIR]")?;
    let seed = args.next().map_or(Ok(3), |text| text.parse())?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let model = args.next().map_or(root.join("models/nano"), PathBuf::from);
    let cache = std::env::var_os("CAVENDISH_CACHE").map_or(root.join(".cache"), PathBuf::from);

    let pipeline =
        Pipeline::load(&model, &cache.join("models/minilm"), DeviceChoice::Auto.resolve()?, Precision::Auto)?;
    let manifest = pipeline.manifest();
    let batch = Batch {
        frame: pipeline.frame(manifest.native.default_size()),
        settle: 0.0,
        steps: manifest.sampling.steps,
        guidance: manifest.sampling.guidance,
        images: prompt
            .split('|')
            .map(|prompt| Image { prompt: prompt.trim().to_owned(), seed, ..Image::default() })
            .collect(),
    };
    let drawn = pipeline.draw(&batch, &mut Unwatched)?;
    println!(
        "{}: encode {:.0?}, denoise {:.0?}, decode {:.0?}",
        manifest.name, drawn.encode, drawn.denoise, drawn.decode
    );
    save(drawn.images.iter().flatten().map(|image| &image.pixels), &out)
}

/// Side by side, twice as large.
fn save<'a>(images: impl Iterator<Item = &'a cavendish_renderer::Pixels>, out: &str) -> Result<()> {
    let images: Vec<_> = images.collect();
    let side = images.iter().map(|p| p.width.max(p.height)).max().context("nothing was drawn")? * 2;
    let columns = (images.len() as u32).min(6);
    let mut sheet = image::RgbImage::new(columns * side, (images.len() as u32).div_ceil(columns) * side);
    for (n, pixels) in (0..).zip(images) {
        let tile = image::RgbImage::from_raw(pixels.width, pixels.height, pixels.rgb.clone()).context("pixels")?;
        let tile = image::imageops::resize(&tile, pixels.width * 2, pixels.height * 2, image::imageops::CatmullRom);
        image::imageops::replace(&mut sheet, &tile, i64::from(n % columns * side), i64::from(n / columns * side));
    }
    sheet.save(out).with_context(|| format!("cannot write {out}"))
}
