use super::EngineOptions;
use super::queue::{Queue, Taken};
use super::ticket::{Callers, Ticket, render_error};
use crate::device;
use crate::error::{EngineError, Result};
use crate::pipeline::{Batch, Drawn, DrawnImage, Manifest, Native, Pipeline};
use cavendish_renderer::{RenderError, RenderOutput, RendererInfo, StepTiming};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

/// What a loaded model says about itself.
pub(super) struct Loaded {
    pub(super) info: RendererInfo,
    pub(super) manifest: Manifest,
}

/// The model's thread: loads, reports, and draws until nobody can send any more.
pub(super) fn run(options: &EngineOptions, tickets: &Receiver<Ticket>, loaded: &SyncSender<Result<Loaded>>) {
    let pipeline = match load(options) {
        Ok(pipeline) => pipeline,
        Err(error) => {
            let _starter_gone = loaded.send(Err(error));
            return;
        }
    };
    let _starter_gone = loaded.send(Ok(describe(&pipeline)));
    let mut queue = Queue::new();
    while gather(&mut queue, tickets) {
        let Taken { batch, left } = queue.take(pipeline.forward_images().get());
        left.into_iter().for_each(|ticket| ticket.answer(Err(RenderError::Cancelled)));
        if !batch.is_empty() {
            draw(&pipeline, batch);
        }
    }
}

fn load(options: &EngineOptions) -> Result<Pipeline> {
    let start = Instant::now();
    if let Some(threads) = options.threads {
        let threads = i32::try_from(threads.get());
        tch::set_num_threads(threads.map_err(|e| EngineError::torch(format!("threads: {e}")))?);
    }
    let mut pipeline = Pipeline::load(&options.model_dir, &options.encoder_dir, options.device.resolve()?, options.precision)?;
    if let Some(images) = options.max_batch {
        pipeline = pipeline.with_forward_images(images);
    }
    hint_at_spinning(&pipeline);
    metrics::histogram!("cavendish_model_load_seconds").record(start.elapsed());
    tracing::info!(
        model = pipeline.manifest().name,
        device = device::name(pipeline.device()),
        threads = tch::get_num_threads(),
        seconds = start.elapsed().as_secs_f64(),
        "model loaded"
    );
    Ok(pipeline)
}

/// libgomp reads its environment when it is loaded, before `main`: all that is left to do here is to say so.
fn hint_at_spinning(pipeline: &Pipeline) {
    let bounded = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"].iter().any(|name| std::env::var_os(name).is_some());
    if !pipeline.device().is_cuda() && tch::get_num_threads() > 1 && !bounded {
        tracing::info!("libtorch's threads spin while they wait: set GOMP_SPINCOUNT=10000 where cores are shared");
    }
}

fn describe(pipeline: &Pipeline) -> Loaded {
    let manifest = pipeline.manifest().clone();
    let native = manifest.native.default_size();
    let info = RendererInfo {
        model: manifest.name.clone(),
        device: device::name(pipeline.device()),
        native_side: native.width.max(native.height) * manifest.upscaler.as_ref().map_or(1, |entry| entry.factor),
        max_batch: u32::try_from(pipeline.forward_images().get()).unwrap_or(u32::MAX),
        native_sizes: match &manifest.native {
            Native::Listed(sizes) => sizes.iter().map(|size| [size.width, size.height]).collect(),
            Native::Free { default, .. } => vec![[default.width, default.height]],
        },
        default_steps: u32::try_from(manifest.sampling.steps).unwrap_or(u32::MAX),
        max_references: 0,
    };
    Loaded { info, manifest }
}

/// Waits for a ticket if there is none, then takes all that have come. False when the last sender is gone and all is drawn.
fn gather(queue: &mut Queue<Ticket>, tickets: &Receiver<Ticket>) -> bool {
    if queue.is_empty() {
        match tickets.recv() {
            Ok(ticket) => queue.push(ticket),
            Err(_) => return false,
        }
    }
    tickets.try_iter().for_each(|ticket| queue.push(ticket));
    true
}

fn draw(pipeline: &Pipeline, tickets: Vec<Ticket>) {
    let start = Instant::now();
    let span = tracing::info_span!("draw", images = tickets.len());
    tickets.iter().for_each(|ticket| {
        span.follows_from(&ticket.span);
    });
    let _entered = span.enter();
    metrics::histogram!("cavendish_render_batch_size").record(tickets.len() as f64);
    let recipe = tickets[0].recipe.clone();
    let batch = Batch {
        frame: recipe.frame,
        settle: 0.0,
        steps: recipe.steps,
        guidance: recipe.guidance,
        images: tickets.iter().map(|ticket| ticket.image.clone()).collect(),
    };
    match pipeline.draw(&batch, &mut Callers(&tickets)) {
        Ok(drawn) => hand_out(drawn, tickets, &pipeline.manifest().name, start),
        Err(error) => {
            tracing::error!(error = %error, images = tickets.len(), "a batch failed");
            tickets.into_iter().for_each(|ticket| ticket.answer(Err(render_error(&error))));
        }
    }
}

fn hand_out(drawn: Drawn, tickets: Vec<Ticket>, model: &str, start: Instant) {
    let batch = u32::try_from(tickets.len()).unwrap_or(u32::MAX);
    for (ticket, pixels) in tickets.into_iter().zip(drawn.images) {
        let timing = StepTiming {
            queued_ms: millis(start.saturating_duration_since(ticket.queued)),
            encode_ms: millis(drawn.encode),
            denoise_ms: millis(drawn.denoise),
            decode_ms: millis(drawn.decode),
        };
        let output = |drawn: DrawnImage| RenderOutput {
            pixels: drawn.pixels,
            model: model.to_owned(),
            steps: u32::try_from(drawn.steps).unwrap_or(u32::MAX),
            batch,
            timing,
            peak_memory: None,
        };
        let answer = pixels.map(output).ok_or(RenderError::Cancelled);
        ticket.answer(answer);
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
