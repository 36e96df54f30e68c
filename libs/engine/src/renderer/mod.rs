//! A pipeline behind the [`Renderer`] trait: one OS thread owns the model, callers await.

#[cfg_attr(not(test), allow(dead_code, reason = "for the worker, once it measures"))]
mod budget;
mod options;
mod queue;
mod ticket;
mod worker;

pub use options::EngineOptions;

use crate::error::{EngineError, ErrorKind, Result};
use crate::pipeline::{Image, Manifest, Size, reference_size};
use async_trait::async_trait;
use cavendish_renderer::{OnStep, RenderError, RenderOutput, RenderRequest, Renderer, RendererInfo};
use futures::channel::oneshot;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use ticket::{Recipe, Ticket};
use tokio_util::sync::CancellationToken;

/// A loaded model that draws what is asked of it, in batches of what waits.
///
/// Images come at the model's native size of the nearest aspect ratio, enlarged by the model's upscaler if it has one,
/// whatever size was asked for: fitting them to that is the caller's business. Dropping the renderer waits until its
/// thread has finished what it had begun: a process must not end while libtorch is at work.
pub struct EngineRenderer {
    /// Taken when the renderer is dropped, as is the thread.
    tickets: Option<Sender<Ticket>>,
    thread: Option<JoinHandle<()>>,
    info: RendererInfo,
    manifest: Manifest,
}

impl EngineRenderer {
    /// Starts the model's thread and waits until the model is loaded (seconds): call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`crate::Pipeline::load`]; [`ErrorKind::Invalid`] for a device that is not there.
    pub fn start(options: EngineOptions) -> Result<Self> {
        describe_metrics();
        let (tickets, waiting) = mpsc::channel();
        let (loaded, load) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("model".into())
            .spawn(move || worker::run(&options, &waiting, &loaded))
            .map_err(|e| EngineError::caused(ErrorKind::Torch, "cannot start the model's thread", e))?;
        let worker::Loaded { info, manifest } =
            load.recv().map_err(|_| EngineError::torch("the model's thread ended while loading"))??;
        Ok(Self { tickets: Some(tickets), thread: Some(thread), info, manifest })
    }

    /// The request in the model's terms.
    fn recipe(&self, request: &RenderRequest) -> Recipe {
        let sampling = self.manifest.sampling;
        Recipe {
            frame: self.manifest.frame(Size { width: request.width, height: request.height }),
            steps: request.steps.map_or(sampling.steps, |steps| steps as usize),
            guidance: request.guidance.unwrap_or(sampling.guidance),
            references: request.references.iter().map(|r| reference_size(&self.manifest.native, r)).collect(),
            strength: request.edit.as_ref().map(|edit| edit.strength),
        }
    }
}

impl Drop for EngineRenderer {
    fn drop(&mut self) {
        drop(self.tickets.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the model's thread had panicked");
        }
    }
}

#[async_trait]
impl Renderer for EngineRenderer {
    fn info(&self) -> RendererInfo {
        self.info.clone()
    }

    async fn render(
        &self,
        request: RenderRequest,
        on_step: OnStep,
        cancel: CancellationToken,
    ) -> std::result::Result<RenderOutput, RenderError> {
        request.check()?;
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket {
            recipe: self.recipe(&request),
            share: request.share,
            image: Image {
                prompt: request.prompt,
                seed: request.seed,
                references: request.references,
                kept_references: None,
                edit: request.edit,
            },
            on_step,
            cancel: cancel.clone(),
            reply,
            queued: Instant::now(),
            span: tracing::Span::current(),
        };
        let tickets = self.tickets.as_ref().ok_or(RenderError::Gone)?;
        tickets.send(ticket).map_err(|_| RenderError::Gone)?;
        // A cancelled caller is told at once; the thread learns of it before its next step.
        match cancel.run_until_cancelled(answer).await {
            None => Err(RenderError::Cancelled),
            Some(answer) => answer.unwrap_or(Err(RenderError::Gone)),
        }
    }
}

fn describe_metrics() {
    metrics::describe_histogram!("cavendish_render_batch_size", "Images drawn together");
    metrics::describe_histogram!(
        "cavendish_render_step_seconds",
        metrics::Unit::Seconds,
        "One denoising step of a batch"
    );
    metrics::describe_histogram!("cavendish_model_load_seconds", metrics::Unit::Seconds, "Loading a model");
}
