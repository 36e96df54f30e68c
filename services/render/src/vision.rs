//! What sees: cuts subjects out and compares them.

use crate::renderer::{RendererConfig, RendererKind};
use async_trait::async_trait;
use cavendish_renderer::{Embedding, FakeVision, Matte, Pixels, PixelsAlpha, RenderError, Vision, VisionInfo};
use std::sync::Arc;
use std::time::Duration;

/// Starts what the configured renderer sees with.
pub(crate) fn start(config: &RendererConfig) -> Arc<dyn Vision> {
    if config.kind == RendererKind::Engine {
        tracing::warn!("no network that sees is loaded: subjects are told by their colours only");
    }
    match Duration::from_millis(config.fake_step_ms) {
        Duration::ZERO => Arc::new(FakeVision),
        pause => Arc::new(Slow(FakeVision, pause)),
    }
}

/// The fake with the fake renderer's time per step, for tests of what happens meanwhile.
struct Slow(FakeVision, Duration);

#[async_trait]
impl Vision for Slow {
    fn info(&self) -> VisionInfo {
        self.0.info()
    }

    async fn matte(&self, picture: Pixels) -> Result<Matte, RenderError> {
        tokio::time::sleep(self.1).await;
        self.0.matte(picture).await
    }

    async fn embed(&self, subjects: Vec<PixelsAlpha>) -> Result<Vec<Embedding>, RenderError> {
        tokio::time::sleep(self.1).await;
        self.0.embed(subjects).await
    }

    fn consistency(&self, cosine: f32) -> f32 {
        self.0.consistency(cosine)
    }
}
