//! `shot.requested` → pixels → `shot.rendered`, and `subject.requested` → profile → `subject.profiled`: the only service
//! that draws.

mod compose;
mod easel;
mod handler;
mod kept;
mod ledger;
mod outpaint;
mod presence;
mod profile;
mod recall;
mod references;
mod renderer;
mod score;
mod tries;
mod verdict;

pub use handler::RenderHandler;
pub use profile::ProfileHandler;
pub use renderer::RendererConfig;

use cavendish_blobs::BlobsConfig;
use cavendish_conveyor::ConveyorConfig;
use cavendish_imaging::ImagingConfig;
use cavendish_renderer::{Renderer, Vision};
use cavendish_service_kit::{BrokerConfig, CancellationToken, DatabaseConfig, Line};
use easel::Easel;
use ledger::Ledger;
use presence::Presence;
use recall::Recall;
use serde::Deserialize;
use std::sync::Arc;

/// What render must know: the line's servers, and the sections `[render]`, `[profile]` and `[renderer]`.
#[derive(Debug, Clone, Deserialize)]
pub struct Options {
    /// Postgres.
    pub database: DatabaseConfig,
    /// RabbitMQ.
    pub broker: BrokerConfig,
    /// S3.
    pub blobs: BlobsConfig,
    /// How large photographs may be.
    #[serde(default)]
    pub imaging: ImagingConfig,
    /// How the stage runs.
    #[serde(default)]
    pub render: ConveyorConfig,
    /// How the stage of profiles runs.
    #[serde(default = "profile::config")]
    pub profile: ConveyorConfig,
    /// What draws.
    #[serde(default)]
    pub renderer: RendererConfig,
}

/// The render service.
pub struct Service {
    line: Line,
    config: ConveyorConfig,
    profile: ConveyorConfig,
    renderer: Arc<dyn Renderer>,
    vision: Arc<dyn Vision>,
    recall: Recall,
}

impl Service {
    /// Connects and loads the model.
    ///
    /// # Errors
    /// When the model cannot be loaded, or Postgres or S3 refuse or stay away.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        options.imaging.allow();
        let line = Line::connect(&options.database, &options.broker, &options.blobs).await?;
        let renderer = renderer::start(options.renderer.clone(), line.blobs.clone()).await?;
        let vision = cavendish_subjects::start(&options.renderer.vision()).await?;
        let recall = Recall::open(&options.renderer.known_dir)?;
        tracing::info!(info = ?renderer.info(), vision = ?vision.info(), "renderer ready");
        Ok(Self { line, config: options.render, profile: options.profile, renderer, vision, recall })
    }

    /// Works until `shutdown`, then drains.
    pub async fn run(self, shutdown: CancellationToken) {
        let ledger = Arc::<Ledger>::default();
        let presence = Presence::start(self.line.store.clone(), &self.renderer.info(), ledger.clone());
        let (store, blobs) = (self.line.store.clone(), self.line.blobs.clone());
        let profiler = ProfileHandler::new(store.clone(), blobs.clone(), self.vision.clone());
        let (renderer, vision, recall) = (self.renderer, self.vision, self.recall);
        let easel = Easel { blobs: blobs.clone(), renderer, vision, recall, ledger, memory: Arc::default() };
        let handler = RenderHandler::new(store, blobs, easel);
        let profiling = self.line.run(profiler, self.profile, shutdown.clone());
        self.line.run(handler, self.config, shutdown).drained().await;
        profiling.drained().await;
        presence.end().await;
        self.line.close().await;
    }
}
