//! Which renderer draws: the engine, or a fake for tests and benches of the line.

use anyhow::Context;
use cavendish_engine::{EngineOptions, EngineRenderer};
use cavendish_renderer::{FakeBehaviour, FakeRenderer, Renderer};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Section `[renderer]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RendererConfig {
    /// `engine`, or `fake`, which draws flat colours.
    pub kind: RendererKind,
    /// Folder of the model, with its `model.toml`.
    pub model_dir: PathBuf,
    /// Folder of the text encoder's weights.
    pub encoder_dir: PathBuf,
    /// Threads of the model; all cores when absent.
    pub threads: Option<NonZeroUsize>,
    /// Images per batch, at most; the model's own figure when absent.
    pub max_batch: Option<NonZeroUsize>,
    /// The fake's time per step in milliseconds.
    pub fake_step_ms: u64,
    /// For tests of poison: a prompt that contains this text ends the process of the fake, as a crash of the driver
    /// would.
    pub fake_crash_on: Option<String>,
}

/// What draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RendererKind {
    /// libtorch.
    Engine,
    /// Flat colours.
    Fake,
}

impl Default for RendererConfig {
    fn default() -> Self {
        Self {
            kind: RendererKind::Engine,
            model_dir: "models/nano".into(),
            encoder_dir: ".cache/models/minilm".into(),
            threads: None,
            max_batch: None,
            fake_step_ms: 0,
            fake_crash_on: None,
        }
    }
}

/// Starts the configured renderer; loading weights happens beside the runtime.
pub(crate) async fn start(config: RendererConfig) -> anyhow::Result<Arc<dyn Renderer>> {
    match config.kind {
        RendererKind::Fake => {
            let step = Duration::from_millis(config.fake_step_ms);
            Ok(Arc::new(FakeRenderer::new(FakeBehaviour { step, crash_on: config.fake_crash_on })))
        }
        RendererKind::Engine => {
            let mut options = EngineOptions::new(&config.model_dir, &config.encoder_dir);
            options.threads = config.threads;
            options.max_batch = config.max_batch;
            let started = tokio::task::spawn_blocking(move || EngineRenderer::start(options)).await?;
            Ok(Arc::new(started.with_context(|| format!("cannot load the model in {}", config.model_dir.display()))?))
        }
    }
}
