//! `shot.rendered` → assets → `job.completed`: every render becomes the right file for every place.

mod copy;
mod finish;
mod handler;
mod marked;
mod scene;
mod source;

pub use copy::TypeConfig;
pub use handler::PostprocessHandler;

use cavendish_blobs::BlobsConfig;
use cavendish_conveyor::ConveyorConfig;
use cavendish_provenance::{ProvenanceConfig, Watermark};
use cavendish_service_kit::{BrokerConfig, CancellationToken, DatabaseConfig, Line};
use cavendish_specs::{Catalogues, SpecsConfig};
use serde::Deserialize;
use std::sync::Arc;

/// What postprocess must know: the line's servers, and the section `[postprocess]`.
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
    /// Fonts and brands.
    #[serde(default, rename = "type")]
    pub typesetting: TypeConfig,
    /// How files are marked.
    #[serde(default)]
    pub provenance: ProvenanceConfig,
    /// How the stage runs.
    #[serde(default)]
    pub postprocess: ConveyorConfig,
}

/// The postprocess service.
#[derive(Debug)]
pub struct Service {
    line: Line,
    specs: Catalogues,
    watermark: Option<Arc<Watermark>>,
    typesetting: TypeConfig,
    config: ConveyorConfig,
}

impl Service {
    /// Connects.
    ///
    /// # Errors
    /// When the specs cannot be read, or Postgres or S3 refuse or stay away.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Ok(Self {
            specs: Catalogues::load(&options.specs)?,
            watermark: options.provenance.watermark.then(|| Arc::new(Watermark::new(&options.provenance.key()))),
            line: Line::connect(&options.database, &options.broker, &options.blobs).await?,
            typesetting: options.typesetting,
            config: options.postprocess,
        })
    }

    /// Works until `shutdown`, then drains.
    pub async fn run(self, shutdown: CancellationToken) {
        let (store, blobs) = (self.line.store.clone(), self.line.blobs.clone());
        let handler = PostprocessHandler::new(store, blobs, self.specs, self.watermark, self.typesetting);
        self.line.run(handler, self.config, shutdown).drained().await;
        self.line.close().await;
    }
}
