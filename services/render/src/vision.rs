//! What sees: cuts subjects out and compares them.

use crate::renderer::{RendererConfig, RendererKind};
use anyhow::Context;
use async_trait::async_trait;
use cavendish_engine::vision::EngineVision;
use cavendish_renderer::{Embedding, FakeVision, Matte, Pixels, PixelsAlpha, RenderError, Vision, VisionInfo};
use std::sync::Arc;
use std::time::Duration;

/// Starts what the configured renderer sees with; weights are read beside the runtime.
///
/// # Errors
/// When the networks in `vision_dir` cannot be loaded.
pub(crate) async fn start(config: &RendererConfig) -> anyhow::Result<Arc<dyn Vision>> {
    match (config.kind, Duration::from_millis(config.fake_step_ms)) {
        (RendererKind::Engine, _) => {
            let dir = config.vision_dir.clone();
            let started = tokio::task::spawn_blocking(move || EngineVision::start(&dir)).await?;
            let place = config.vision_dir.display();
            Ok(Arc::new(started.with_context(|| format!("cannot load the networks that see in {place}"))?))
        }
        (RendererKind::Fake, Duration::ZERO) => Ok(Arc::new(FakeVision)),
        (RendererKind::Fake, pause) => Ok(Arc::new(Slow(FakeVision, pause))),
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
