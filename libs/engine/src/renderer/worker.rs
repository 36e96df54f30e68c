use super::EngineOptions;
use super::budget::Budget;
use super::desk::Desk;
use super::queue::Taken;
use super::ticket::{Answer, Callers, Recipe, Ticket, render_error};
use super::{ladder, memory};
use crate::device;
use crate::error::{EngineError, ErrorKind, Result};
use crate::pipeline::{Batch, Drawn, DrawnImage, KeptReferences, Manifest, Pipeline};
use cavendish_renderer::{RenderError, RenderOutput, StepTiming};
use std::num::NonZeroUsize;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tch::{Device, Kind};

/// Images of a batch on a GPU, at most, where measuring decides.
const MOST_IMAGES: usize = 16;

/// What a loaded model says about itself.
pub(super) struct Loaded {
    pub(super) manifest: Manifest,
    pub(super) kind: Kind,
    pub(super) fingerprint: u64,
    pub(super) text_tokens: i64,
    pub(super) patch: i64,
    pub(super) most_images: usize,
}

/// A device's thread.
struct Worker {
    pipeline: Pipeline,
    /// Whether every forward has as many images: the same bytes whatever else waits.
    fixed: bool,
    budget: Budget,
}

/// The thread of one device: loads, reports, and draws until the desk is closed and empty.
pub(super) fn run(options: &EngineOptions, device: Device, desk: &Desk, loaded: &SyncSender<Result<Loaded>>) {
    let _leaving = Leaving(desk);
    let mut worker = match Worker::load(options, device) {
        Ok(worker) => worker,
        Err(error) => {
            let _starter_gone = loaded.send(Err(error));
            return;
        }
    };
    let _starter_gone = loaded.send(Ok(worker.describe()));
    while let Some(Taken { batch, left }) = desk.take(worker.most_images(), worker.tokens()) {
        left.into_iter().for_each(|ticket| ticket.answer(Err(RenderError::Cancelled)));
        if !batch.is_empty() {
            worker.draw(batch);
        }
    }
}

/// Signs a thread off however it ends.
struct Leaving<'a>(&'a Desk);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.sign_off();
    }
}

impl Worker {
    fn load(options: &EngineOptions, device: Device) -> Result<Self> {
        let start = Instant::now();
        if let Some(threads) = options.threads {
            let threads = i32::try_from(threads.get());
            tch::set_num_threads(threads.map_err(|e| EngineError::torch(format!("threads: {e}")))?);
        }
        let mut pipeline = Pipeline::load(&options.model_dir, &options.encoder_dir, device, options.precision)?;
        if let Some(images) = options.max_batch {
            pipeline.set_forward_images(images);
        }
        if let Some(mebibytes) = options.reference_mib {
            pipeline = pipeline.with_reference_bytes(mebibytes << 20);
        }
        hint_at_spinning(device);
        metrics::histogram!("cavendish_model_load_seconds").record(start.elapsed());
        tracing::info!(
            model = pipeline.manifest().name,
            device = device::name(device),
            precision = ?pipeline.kind(),
            threads = tch::get_num_threads(),
            seconds = start.elapsed().as_secs_f64(),
            "model loaded"
        );
        let fixed = options.max_batch.is_some() || !device.is_cuda();
        let layout = pipeline.layout(pipeline.manifest().native.default_size())?;
        Ok(Self { budget: Budget::new(layout.tokens().unsigned_abs()), pipeline, fixed })
    }

    fn describe(&self) -> Loaded {
        let text_tokens = self.pipeline.layout(self.pipeline.manifest().native.default_size()).map_or(0, |l| l.text);
        Loaded {
            manifest: self.pipeline.manifest().clone(),
            kind: self.pipeline.kind(),
            fingerprint: self.pipeline.fingerprint(),
            text_tokens,
            patch: self.pipeline.patch(),
            most_images: self.most_images(),
        }
    }

    fn most_images(&self) -> usize {
        if self.fixed { self.pipeline.forward_images().get() } else { MOST_IMAGES }
    }

    fn tokens(&self) -> u64 {
        if self.fixed { u64::MAX } else { self.budget.tokens() }
    }

    fn draw(&mut self, tickets: Vec<Ticket>) {
        let start = Instant::now();
        let span = tracing::info_span!("draw", images = tickets.len());
        tickets.iter().for_each(|ticket| {
            span.follows_from(&ticket.span);
        });
        let _entered = span.enter();
        metrics::histogram!("cavendish_render_batch_size").record(tickets.len() as f64);
        let recipe = tickets[0].recipe.clone();
        let batch = batch(&recipe, &tickets);
        if !self.fixed {
            self.pipeline.set_forward_images(NonZeroUsize::new(tickets.len()).unwrap_or(NonZeroUsize::MIN));
        }
        memory::forget_peak(self.pipeline.device());
        let answer = ladder::draw(&mut self.pipeline, &batch, &mut Callers::new(&tickets));
        self.learn(&recipe, tickets.len(), &answer);
        match answer {
            Ok(drawn) => self.hand_out(drawn, tickets, start),
            Err(error) => {
                tracing::error!(error = %error, images = tickets.len(), "a batch failed");
                tickets.into_iter().for_each(|ticket| ticket.answer(Err(render_error(&error))));
            }
        }
    }

    /// What the batch says about how many tokens are worth drawing together.
    fn learn(&mut self, recipe: &Recipe, images: usize, answer: &Result<Drawn>) {
        let tokens = recipe.tokens() * images as u64;
        let stepped_down = !self.fixed && self.pipeline.forward_images().get() < images;
        match answer {
            Ok(drawn) if !stepped_down && drawn.images.iter().all(Option::is_some) => {
                let steps = drawn.images.iter().flatten().map(|image| image.steps).max().unwrap_or(1).max(1);
                self.budget.observe(tokens, drawn.denoise.as_secs_f64() / steps as f64);
            }
            Ok(_) if !stepped_down => {}
            Err(error) if error.kind() != ErrorKind::OutOfMemory => {}
            _ => self.budget.out_of_memory(tokens),
        }
    }

    fn hand_out(&self, drawn: Drawn, tickets: Vec<Ticket>, start: Instant) {
        let batch = u32::try_from(tickets.len()).unwrap_or(u32::MAX);
        let peak_memory = memory::peak(self.pipeline.device());
        let mut kept: Vec<KeptReferences> = drawn.kept_references;
        for (place, (ticket, image)) in tickets.into_iter().zip(drawn.images).enumerate() {
            let timing = StepTiming {
                queued_ms: millis(start.saturating_duration_since(ticket.queued)),
                encode_ms: millis(drawn.encode),
                denoise_ms: millis(drawn.denoise),
                decode_ms: millis(drawn.decode),
            };
            let output = |DrawnImage { pixels, steps, knew_references }: DrawnImage| RenderOutput {
                pixels,
                model: self.pipeline.manifest().name.clone(),
                steps: u32::try_from(steps).unwrap_or(u32::MAX),
                batch,
                timing,
                peak_memory,
                knew_references,
            };
            let own = kept.extract_if(.., |kept| kept.image == place).collect();
            let answer = image.map(|image| Answer { output: output(image), kept: own });
            ticket.answer(answer.ok_or(RenderError::Cancelled));
        }
    }
}

fn batch(recipe: &Recipe, tickets: &[Ticket]) -> Batch {
    Batch {
        frame: recipe.frame,
        steps: recipe.steps,
        guidance: recipe.guidance,
        settle: recipe.settle,
        images: tickets.iter().map(|ticket| ticket.image.clone()).collect(),
    }
}

/// libgomp reads its environment when it is loaded, before `main`: all that is left to do here is to say so.
fn hint_at_spinning(device: Device) {
    let bounded = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"].iter().any(|name| std::env::var_os(name).is_some());
    if device == Device::Cpu && tch::get_num_threads() > 1 && !bounded {
        tracing::info!("libtorch's threads spin while they wait: set GOMP_SPINCOUNT=10000 where cores are shared");
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
