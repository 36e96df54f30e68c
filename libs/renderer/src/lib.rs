//! The contract between the render service and whatever draws: plain request and result types and the
//! [`Renderer`] trait. No libtorch here, so everything but the engine builds and tests without it.

mod by_references;
#[cfg(feature = "contract")]
pub mod contract;
mod fake;
mod fake_vision;
mod inputs;
mod types;
mod vision;

pub use by_references::ByReferences;
pub use fake::{FakeBehaviour, FakeRenderer};
pub use fake_vision::FakeVision;
pub use inputs::{Edit, Reference};
pub use types::{
    MAX_REFERENCES, MAX_SIDE, Pixels, RenderError, RenderOutput, RenderRequest, RendererInfo, Share, StepTiming,
};
pub use vision::{Embedding, Matte, PixelsAlpha, Vision, VisionInfo};

use async_trait::async_trait;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Called after every denoising step with (`steps done`, `steps in all`). Must be cheap: it runs on the model's thread.
pub type OnStep = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// Where a renderer keeps what it makes of references, so that later images and other processes need not make it again.
///
/// A convenience: what is not there is made anew, and an implementation logs what goes wrong.
#[async_trait]
pub trait ReferenceStore: Send + Sync {
    /// What was kept for `owner` (see [`Share`]) under this key.
    async fn get(&self, owner: &str, key: &str) -> Option<Vec<u8>>;
    /// Keeps it.
    async fn put(&self, owner: &str, key: &str, file: Vec<u8>);
}

/// Draws images. Implementations own their threads and batch compatible requests by themselves; callers only await.
#[async_trait]
pub trait Renderer: Send + Sync {
    /// What is loaded and what it can do.
    fn info(&self) -> RendererInfo;

    /// Draws one image.
    ///
    /// The same request gives the same pixels, whatever else is in the batch; where a renderer chooses its batches by
    /// measuring, or comes to know references, up to rounding or a stated tolerance. `cancel` is honoured between steps.
    ///
    /// # Errors
    /// [`RenderError::Invalid`] for a request the model cannot serve, [`RenderError::Cancelled`],
    /// [`RenderError::OutOfMemory`] and [`RenderError::Failed`] for the device; see [`RenderError::is_retryable`].
    async fn render(
        &self,
        request: RenderRequest,
        on_step: OnStep,
        cancel: CancellationToken,
    ) -> Result<RenderOutput, RenderError>;
}
