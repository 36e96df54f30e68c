//! Our side of a case.

use crate::Args;
use crate::peer::Took;
use anyhow::{Context, Result};
use cavendish_engine::{Batch, DeviceChoice, Image, Pipeline, Precision, Size, Unwatched};
use cavendish_renderer::{Pixels, Reference};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What is drawn, as both sides understand it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) images: usize,
    pub(crate) side: u32,
    pub(crate) steps: usize,
    pub(crate) references: usize,
}

/// A loaded pipeline whose forwards have as many images as its orders.
pub(crate) fn load(args: &Args, model: &Path, images: usize) -> Result<Pipeline> {
    let device: DeviceChoice = args.device.parse()?;
    let precision = if args.precision == "bf16" { Precision::Bf16 } else { Precision::F32 };
    let pipeline = Pipeline::load(model, &args.minilm, device.resolve()?, precision)?;
    Ok(pipeline.with_forward_images(NonZeroUsize::new(images).context("no images")?))
}

/// Draws once. `prompt` is new each time, so that its states are not in the cache: the peer has none.
pub(crate) fn draw(pipeline: &Pipeline, order: Order, prompt: &str) -> Result<Took> {
    let manifest = pipeline.manifest();
    let references = pictures(order);
    let image = |seed| Image { prompt: prompt.to_owned(), seed, references: references.clone(), ..Image::default() };
    let batch = Batch {
        frame: pipeline.frame(Size { width: order.side, height: order.side }),
        steps: order.steps,
        guidance: manifest.sampling.guidance,
        settle: 0.0,
        images: (0..order.images as u64).map(image).collect(),
    };
    let begin = Instant::now();
    let drawn = pipeline.draw(&batch, &mut Unwatched)?;
    let seconds = begin.elapsed().as_secs_f64();
    let (step, decode) = (drawn.denoise.as_secs_f64() / order.steps as f64, drawn.decode.as_secs_f64());
    Ok(Took { seconds, step, decode })
}

/// Noise that stands for photographs, of the size that is drawn.
fn pictures(order: Order) -> Vec<Reference> {
    let picture = |n: usize| {
        let count = (order.side * order.side * 3) as usize;
        let rgb = (0..count).map(|at| (at.wrapping_mul(7919 + 2 * n) % 251) as u8).collect();
        let pixels = Arc::new(Pixels { width: order.side, height: order.side, rgb });
        Reference { key: format!("picture-{n}"), pixels }
    };
    (0..order.references).map(picture).collect()
}
