//! What sees: cuts subjects out and compares them.

use anyhow::Context;
use async_trait::async_trait;
use cavendish_engine::vision::EngineVision;
use cavendish_renderer::{Embedding, FakeVision, Matte, Pixels, PixelsAlpha, RenderError, Vision, VisionInfo};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What of the section `[renderer]` says with what the line sees.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct VisionConfig {
    /// `engine`, or `fake`, which sees by arithmetic.
    pub kind: VisionKind,
    /// Folder of the networks that see, with its `vision.toml`.
    pub vision_dir: PathBuf,
    /// The fake's time per question in milliseconds.
    pub fake_step_ms: u64,
}

/// What draws and sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisionKind {
    /// libtorch.
    Engine,
    /// Arithmetic, for tests of the line.
    Fake,
}

impl Default for VisionConfig {
    fn default() -> Self {
        Self { kind: VisionKind::Engine, vision_dir: "models/vision".into(), fake_step_ms: 0 }
    }
}

/// Starts what sees; weights are read beside the runtime.
///
/// # Errors
/// When the networks in `vision_dir` cannot be loaded.
pub async fn start(config: &VisionConfig) -> anyhow::Result<Arc<dyn Vision>> {
    match (config.kind, Duration::from_millis(config.fake_step_ms)) {
        (VisionKind::Engine, _) => {
            let dir = config.vision_dir.clone();
            let started = tokio::task::spawn_blocking(move || EngineVision::start(&dir)).await?;
            let place = config.vision_dir.display();
            Ok(Arc::new(started.with_context(|| format!("cannot load the networks that see in {place}"))?))
        }
        (VisionKind::Fake, Duration::ZERO) => Ok(Arc::new(FakeVision)),
        (VisionKind::Fake, pause) => Ok(Arc::new(Slow(FakeVision, pause))),
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
