use super::sight::Sight;
use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use async_trait::async_trait;
use cavendish_renderer::{Embedding, Matte, Pixels, PixelsAlpha, RenderError, Vision, VisionInfo};
use futures::channel::oneshot;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

type Answer<T> = std::result::Result<T, RenderError>;

/// What a caller waits for.
enum Ticket {
    Matte(Pixels, oneshot::Sender<Result<Matte>>),
    Embed(Vec<PixelsAlpha>, oneshot::Sender<Result<Vec<Embedding>>>),
}

/// [`Vision`] by the networks of a folder, on a thread of their own.
pub struct EngineVision {
    tickets: Sender<Ticket>,
    info: VisionInfo,
    manifest: super::VisionManifest,
}

impl EngineVision {
    /// Loads the folder's `vision.toml` and what it names. Blocks while weights are read.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] and [`ErrorKind::Weights`] saying what cannot be used.
    pub fn start(dir: &Path) -> Result<Self> {
        let sight = Sight::load(dir)?;
        let manifest = sight.manifest.clone();
        let info = VisionInfo {
            cutout: manifest.cutout.name.clone(),
            encoder: manifest.encoder.name.clone(),
            dimensions: manifest.encoder.dimensions,
        };
        let (tickets, waiting) = channel();
        thread::Builder::new()
            .name("vision".into())
            .spawn(move || serve(&sight, &waiting))
            .map_err(|e| EngineError::caused(ErrorKind::Torch, "no thread for vision", e))?;
        Ok(Self { tickets, info, manifest })
    }

    async fn ask<T>(&self, ticket: impl FnOnce(oneshot::Sender<Result<T>>) -> Ticket) -> Answer<T> {
        let (sender, answer) = oneshot::channel();
        self.tickets.send(ticket(sender)).map_err(|_| RenderError::Gone)?;
        answer.await.map_err(|_| RenderError::Gone)?.map_err(refusal)
    }
}

#[async_trait]
impl Vision for EngineVision {
    fn info(&self) -> VisionInfo {
        self.info.clone()
    }

    async fn matte(&self, picture: Pixels) -> Answer<Matte> {
        self.ask(|sender| Ticket::Matte(picture, sender)).await
    }

    async fn embed(&self, subjects: Vec<PixelsAlpha>) -> Answer<Vec<Embedding>> {
        self.ask(|sender| Ticket::Embed(subjects, sender)).await
    }

    fn consistency(&self, cosine: f32) -> f32 {
        self.manifest.encoder.consistency(cosine)
    }
}

/// Until the last handle is gone. A caller that no longer waits costs nothing.
fn serve(sight: &Sight, waiting: &Receiver<Ticket>) {
    while let Ok(ticket) = waiting.recv() {
        match ticket {
            Ticket::Matte(picture, sender) if !sender.is_canceled() => {
                drop(sender.send(guarded(|| sight.matte(&picture))));
            }
            Ticket::Embed(subjects, sender) if !sender.is_canceled() => {
                drop(sender.send(guarded(|| sight.embed(&subjects))));
            }
            Ticket::Matte(..) | Ticket::Embed(..) => {}
        }
    }
}

fn refusal(error: EngineError) -> RenderError {
    match error.kind() {
        ErrorKind::Invalid => RenderError::Invalid { field: "picture", reason: error.to_string() },
        ErrorKind::OutOfMemory => RenderError::OutOfMemory(error.to_string()),
        _ => RenderError::Failed(error.to_string()),
    }
}
