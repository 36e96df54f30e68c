use super::canvas::Canvas;
use super::references::Seen;
use super::{Batch, Pipeline};
use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::{Conditioning, ReferenceKv, Rotary, TokenLayout, TransformerInput};
use crate::scheduler::FlowMatchEuler;
use std::rc::Rc;
use std::time::Instant;
use tch::Tensor;

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

/// What stays the same over all steps of a batch.
pub(super) struct Course<'a> {
    pub(super) schedule: &'a FlowMatchEuler,
    /// Text and image tokens.
    pub(super) layout: &'a TokenLayout,
    pub(super) guidance: f64,
    /// See [`Batch::settle`].
    pub(super) settle: f64,
}

/// What the forwards of some canvases share.
struct Shared<'a> {
    course: &'a Course<'a>,
    rotary: Rc<Rotary>,
    conditioning: Rc<Conditioning>, // of all steps
    empty: Option<Tensor>,          // the empty prompt, (1, text tokens, text channels); only with guidance
}

impl<'a> Course<'a> {
    pub(super) fn new(batch: &Batch, schedule: &'a FlowMatchEuler, layout: &'a TokenLayout) -> Result<Self> {
        if !batch.guidance.is_finite() {
            return Err(EngineError::new(ErrorKind::Invalid, format!("guidance is {}", batch.guidance)));
        }
        Ok(Self { schedule, layout, guidance: batch.guidance, settle: batch.settle })
    }
}

impl Pipeline {
    /// All steps of canvases that may look at their references differently; cancelled ones are dropped on the way.
    pub(super) fn denoise(
        &self,
        canvases: Vec<Canvas>,
        course: &Course<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Canvas>> {
        let (beside, others): (Vec<_>, Vec<_>) =
            canvases.into_iter().partition(|canvas| matches!(canvas.seen, Some(Seen::Beside(_))));
        let mut finished = self.denoise_alike(others, course, watch)?;
        finished.extend(self.denoise_alike(beside, course, watch)?);
        Ok(finished)
    }

    /// All steps of canvases of one layout.
    fn denoise_alike(
        &self,
        mut canvases: Vec<Canvas>,
        course: &Course<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Canvas>> {
        let mut finished = Vec::new();
        let Some(first) = canvases.first() else { return Ok(finished) };
        let mut layout = course.layout.clone();
        layout.references = first.beside().map(|profile| profile.grids.clone()).unwrap_or_default();
        #[allow(clippy::float_cmp, reason = "exactly 1.0 switches guidance off")]
        let empty = if course.guidance == 1.0 { None } else { Some(self.prompt("")?) };
        let conditioning = self.conditioning(course.schedule);
        let frame = Shared { course, rotary: self.rotary(&layout), conditioning, empty };
        let all = course.schedule.steps();
        for step in 0..all {
            canvases.retain(|canvas| !watch.cancelled(canvas.image));
            let start = Instant::now();
            for group in canvases.chunks_mut(self.forward_images.get()) {
                self.step(group, &frame, step)?;
            }
            if !canvases.is_empty() {
                metrics::histogram!("cavendish_render_step_seconds").record(start.elapsed());
            }
            for canvas in &canvases {
                watch.step(canvas.image, if canvas.settled { all } else { step + 1 }, all);
            }
            finished.extend(canvases.extract_if(.., |canvas| canvas.settled || step + 1 == all));
        }
        Ok(finished)
    }

    /// One step of at most `forward_images` canvases, in a forward of exactly that many.
    fn step(&self, group: &mut [Canvas], frame: &Shared<'_>, step: usize) -> Result<()> {
        let lanes = self.forward_images.get();
        let last = group.len() - 1;
        let filled: Vec<&Canvas> = (0..lanes).map(|lane| &group[lane.min(last)]).collect();
        let mut latents: Vec<Tensor> = filled.iter().map(|canvas| canvas.tokens()).collect();
        let mut text: Vec<&Tensor> = filled.iter().map(|canvas| &canvas.text).collect();
        let mut known: Vec<Rc<ReferenceKv>> = filled.iter().filter_map(|canvas| canvas.known()).collect();
        if let Some(empty) = &frame.empty {
            latents.extend(latents.iter().map(Tensor::shallow_clone).collect::<Vec<_>>());
            text.extend(std::iter::repeat_n(empty, lanes));
            known.extend_from_within(..);
        }
        if !(known.is_empty() || known.len() == text.len()) {
            return Err(EngineError::new(ErrorKind::Invalid, "a batch of images with and without references"));
        }
        let references = ReferenceKv::together(&known);
        let predicted = self.transformer.forward(TransformerInput {
            latents: &Tensor::cat(&latents, 0).to_kind(self.kind), // (lanes or 2 · lanes, tokens, channels)
            text: &Tensor::cat(&text, 0),
            conditioning: &frame.conditioning.step(step as i64),
            rotary: &frame.rotary,
            references: references.as_deref(),
        })?;
        let predicted = match frame.empty {
            None => predicted.to_kind(tch::Kind::Float),
            Some(_) => {
                let halves = predicted.to_kind(tch::Kind::Float).chunk(2, 0); // with the prompt, without
                &halves[1] + (&halves[0] - &halves[1]) * frame.course.guidance
            }
        };
        for (lane, canvas) in group.iter_mut().enumerate() {
            canvas.advance(predicted.narrow(0, lane as i64, 1), frame.course, step);
        }
        Ok(())
    }

    /// What the times of a schedule do to the network; kept, since most images have the same.
    fn conditioning(&self, schedule: &FlowMatchEuler) -> Rc<Conditioning> {
        let times: Vec<f32> = (0..schedule.steps()).map(|step| schedule.time(step) as f32).collect();
        let key: Vec<u32> = times.iter().map(|time| time.to_bits()).collect();
        let make = || {
            let times = Tensor::from_slice(&times).to_device(self.device).to_kind(self.kind);
            Rc::new(self.transformer.condition(&times, None))
        };
        Rc::clone(self.conditionings.borrow_mut().get_or_insert(key, make))
    }
}

impl Canvas {
    /// One step along the velocity that is `predicted` (1, tokens, channels).
    fn advance(&mut self, predicted: Tensor, course: &Course<'_>, step: usize) {
        let velocity = match &self.seen {
            // What is predicted is the image, less what is laid: noise as wide as a patch does not fit through a small
            // network, and what lies there already need not (Li and He 2025, 2511.13720).
            Some(Seen::Laid(laid)) => (&self.latents - laid - predicted) / course.schedule.time(step),
            _ => predicted,
        };
        self.steps = step + 1;
        self.settled = course.settle > 0.0 && step > 0 && self.has_settled(&velocity, course.settle);
        // A velocity that no longer changes leads straight to the image.
        let end = if self.settled { course.schedule.steps() } else { step + 1 };
        let delta = course.schedule.time(end) - course.schedule.time(step);
        self.latents = &self.latents + &velocity * delta;
        self.restore(course.schedule.time(end));
        self.velocity = (course.settle > 0.0).then_some(velocity);
    }

    fn has_settled(&self, velocity: &Tensor, tolerance: f64) -> bool {
        let Some(before) = &self.velocity else { return false };
        ((velocity - before).norm() / velocity.norm()).double_value(&[]) <= tolerance
    }
}
