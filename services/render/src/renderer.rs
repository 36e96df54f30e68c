//! Which renderer draws: the engine, or a fake for tests and benches of the line.

use crate::references::ReferenceBlobs;
use anyhow::Context;
use cavendish_blobs::Blobs;
use cavendish_engine::{DeviceChoice, EngineOptions, EngineRenderer, Precision};
use cavendish_renderer::{ByReferences, FakeBehaviour, FakeRenderer, Renderer};
use cavendish_subjects::{VisionConfig, VisionKind};
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
    pub kind: VisionKind,
    /// Folder of the model, with its `model.toml`.
    pub model_dir: PathBuf,
    /// Folder of the text encoder's weights.
    pub encoder_dir: PathBuf,
    /// Folder of the networks that see, with its `vision.toml`.
    pub vision_dir: PathBuf,
    /// Folder of the things that are known by sight, for a model that is better shown than told what a prompt names.
    pub known_dir: PathBuf,
    /// Where the model runs, a replica on each: `cpu`, `cuda:N`, `mps`; every GPU, or else the CPU, when empty.
    pub devices: Vec<DeviceChoice>,
    /// What the network computes with: `auto`, `f32` or `bf16`.
    pub precision: Precision,
    /// Mebibytes of kept references on each device, at most; the engine's own figure when absent.
    pub reference_mib: Option<usize>,
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

impl Default for RendererConfig {
    fn default() -> Self {
        Self {
            kind: VisionKind::Engine,
            model_dir: "models/nano".into(),
            encoder_dir: ".cache/models/minilm".into(),
            vision_dir: "models/vision".into(),
            known_dir: "models/known".into(),
            devices: Vec::new(),
            precision: Precision::Auto,
            reference_mib: None,
            threads: None,
            max_batch: None,
            fake_step_ms: 0,
            fake_crash_on: None,
        }
    }
}

impl RendererConfig {
    /// What it sees with.
    pub(crate) fn vision(&self) -> VisionConfig {
        VisionConfig { kind: self.kind, vision_dir: self.vision_dir.clone(), fake_step_ms: self.fake_step_ms }
    }
}

/// Starts the configured renderer; loading weights happens beside the runtime.
pub(crate) async fn start(config: RendererConfig, blobs: Arc<Blobs>) -> anyhow::Result<Arc<dyn Renderer>> {
    match config.kind {
        VisionKind::Fake => {
            let step = Duration::from_millis(config.fake_step_ms);
            Ok(Arc::new(FakeRenderer::new(FakeBehaviour { step, crash_on: config.fake_crash_on })))
        }
        VisionKind::Engine => {
            let named = engine(&config, config.model_dir.clone(), &blobs).await?;
            let Some(folder) = named.reference_model().map(|folder| config.model_dir.join(folder)) else {
                return Ok(Arc::new(named));
            };
            let shown = engine(&config, folder, &blobs).await?;
            Ok(Arc::new(ByReferences { named: Arc::new(named), shown: Arc::new(shown) }))
        }
    }
}

/// The engine with the model in `folder`.
async fn engine(config: &RendererConfig, folder: PathBuf, blobs: &Arc<Blobs>) -> anyhow::Result<EngineRenderer> {
    let mut options = EngineOptions::new(&folder, &config.encoder_dir);
    options.devices.clone_from(&config.devices);
    options.precision = config.precision;
    options.reference_mib = config.reference_mib;
    options.threads = config.threads;
    options.max_batch = config.max_batch;
    let started = tokio::task::spawn_blocking(move || EngineRenderer::start(options)).await?;
    let started = started.with_context(|| format!("cannot load the model in {}", folder.display()))?;
    Ok(started.with_reference_store(Arc::new(ReferenceBlobs(blobs.clone()))))
}
