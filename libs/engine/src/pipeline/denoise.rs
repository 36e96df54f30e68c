use super::{Batch, Pipeline};
use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::{Rotary, TokenLayout, TransformerInput};
use crate::noise;
use crate::scheduler::FlowMatchEuler;
use std::time::Instant;
use tch::{Kind, Tensor};

/// Follows a batch from step to step. Images are named by their place in the batch.
pub trait Watch {
    /// Asked before every step: whether this image is no longer wanted.
    fn cancelled(&mut self, image: usize) -> bool;
    /// Told after every step.
    fn step(&mut self, image: usize, done: usize, all: usize);
}

/// Watches nothing and cancels nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn cancelled(&mut self, _: usize) -> bool {
        false
    }

    fn step(&mut self, _: usize, _: usize, _: usize) {}
}

/// An image on its way from noise.
pub(super) struct Canvas {
    /// Its place in the batch.
    pub(super) image: usize,
    pub(super) latents: Tensor, // (1, tokens, channels)
    text: Tensor,               // (1, text tokens, text channels)
}

impl Canvas {
    pub(super) fn new(image: usize, latents: Tensor, text: Tensor) -> Self {
        Self { image, latents, text }
    }
}

/// What stays the same over all steps of a batch.
struct Frame<'a> {
    rotary: &'a Rotary,
    guidance: f64,
    empty: Option<Tensor>, // the empty prompt, (1, text tokens, text channels); only with guidance
}

impl Pipeline {
    /// Every image with its encoded prompt and its own noise.
    pub(super) fn start(&self, batch: &Batch, layout: TokenLayout) -> Result<Vec<Canvas>> {
        let (tokens, channels) = (layout.image(), self.codec.channels());
        let canvas = |(image, wanted): (usize, &super::Image)| {
            let noise = noise::normal(wanted.seed, (tokens * channels) as usize);
            let latents = Tensor::from_slice(&noise).view([1, tokens, channels]).to_device(self.device);
            Ok(Canvas::new(image, latents, self.prompts.encode(&wanted.prompt)?))
        };
        batch.images.iter().enumerate().map(canvas).collect()
    }

    /// All steps; cancelled canvases are dropped on the way.
    pub(super) fn denoise(
        &self,
        canvases: &mut Vec<Canvas>,
        schedule: &FlowMatchEuler,
        guidance: f64,
        layout: TokenLayout,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        if !guidance.is_finite() {
            return Err(EngineError::new(ErrorKind::Invalid, format!("guidance is {guidance}")));
        }
        #[allow(clippy::float_cmp, reason = "exactly 1.0 switches guidance off")]
        let empty = if guidance == 1.0 { None } else { Some(self.prompts.encode("")?) };
        let rotary = self.rotary(layout);
        let frame = Frame { rotary: &rotary, guidance, empty };
        for step in 0..schedule.steps() {
            canvases.retain(|canvas| !watch.cancelled(canvas.image));
            let start = Instant::now();
            for group in canvases.chunks_mut(self.forward_images.get()) {
                self.step(group, &frame, schedule, step)?;
            }
            if canvases.is_empty() {
                return Ok(());
            }
            metrics::histogram!("cavendish_render_step_seconds").record(start.elapsed());
            for canvas in canvases.iter() {
                watch.step(canvas.image, step + 1, schedule.steps());
            }
        }
        Ok(())
    }

    /// One step of at most `forward_images` canvases, in a forward of exactly that many.
    fn step(&self, group: &mut [Canvas], frame: &Frame<'_>, schedule: &FlowMatchEuler, step: usize) -> Result<()> {
        let lanes = self.forward_images.get();
        let last = group.len() - 1;
        let filled = |pick: fn(&Canvas) -> &Tensor| -> Vec<&Tensor> {
            (0..lanes).map(|lane| pick(&group[lane.min(last)])).collect()
        };
        let (mut latents, mut text) = (filled(|c| &c.latents), filled(|c| &c.text));
        if let Some(empty) = &frame.empty {
            latents.extend_from_within(..);
            text.extend(std::iter::repeat_n(empty, lanes));
        }
        let timestep = Tensor::from_slice(&[schedule.time(step) as f32]).to_device(self.device).to_kind(Kind::Float);
        let predicted = self.transformer.forward(TransformerInput {
            latents: &Tensor::cat(&latents, 0), // (lanes or 2 · lanes, tokens, channels)
            text: &Tensor::cat(&text, 0),
            timestep: &timestep,
            guidance: None,
            rotary: frame.rotary,
        })?;
        let velocity = match frame.empty {
            None => predicted,
            Some(_) => {
                let halves = predicted.chunk(2, 0); // with the prompt, without
                &halves[1] + (&halves[0] - &halves[1]) * frame.guidance
            }
        };
        for (lane, canvas) in group.iter_mut().enumerate() {
            let moved = velocity.narrow(0, lane as i64, 1) * schedule.delta(step);
            canvas.latents = &canvas.latents + moved;
        }
        Ok(())
    }
}
