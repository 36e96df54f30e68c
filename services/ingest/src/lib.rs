//! `job.requested` → plan → `shot.requested`: takes briefs in, cuts subjects out, plans the fewest shots.

mod admit;
mod handler;
mod plan;
mod subjects;

pub use handler::IngestHandler;

use cavendish_blobs::BlobsConfig;
use cavendish_conveyor::ConveyorConfig;
use cavendish_intake::{ImagingConfig, Known};
use cavendish_renderer::Vision;
use cavendish_service_kit::{BrokerConfig, CancellationToken, DatabaseConfig, Line};
use cavendish_specs::{Catalogues, SpecsConfig};
use cavendish_subjects::VisionConfig;
use cavendish_typesetting::{HouseStyle, TypeConfig};
use serde::Deserialize;
use std::sync::Arc;

/// What ingest must know: the line's servers, and the section `[ingest]`.
#[derive(Debug, Clone, Deserialize)]
pub struct Options {
    /// Postgres.
    pub database: DatabaseConfig,
    /// RabbitMQ.
    pub broker: BrokerConfig,
    /// S3.
    pub blobs: BlobsConfig,
    /// The specs of this installation.
    #[serde(default)]
    pub specs: SpecsConfig,
    /// The templates and brands of this installation.
    #[serde(default, rename = "type")]
    pub typesetting: TypeConfig,
    /// How large photographs may be.
    #[serde(default)]
    pub imaging: ImagingConfig,
    /// With what it sees.
    #[serde(default)]
    pub renderer: VisionConfig,
    /// How the stage runs.
    #[serde(default)]
    pub ingest: ConveyorConfig,
}

/// The ingest service.
pub struct Service {
    line: Line,
    known: Known,
    vision: Arc<dyn Vision>,
    config: ConveyorConfig,
}

impl Service {
    /// Connects, and loads what sees.
    ///
    /// # Errors
    /// When the networks that see, the specs or the templates cannot be read, or Postgres or S3 refuse or stay away.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        options.imaging.allow();
        Ok(Self {
            known: Known { specs: Catalogues::load(&options.specs)?, house: HouseStyle::load(&options.typesetting)? },
            vision: cavendish_subjects::start(&options.renderer).await?,
            line: Line::connect(&options.database, &options.broker, &options.blobs).await?,
            config: options.ingest,
        })
    }

    /// Works until `shutdown`, then drains.
    pub async fn run(self, shutdown: CancellationToken) {
        let handler = IngestHandler::new(self.line.store.clone(), self.line.blobs.clone(), self.known, self.vision);
        self.line.run(handler, self.config, shutdown).drained().await;
        self.line.close().await;
    }
}
