//! `shot.rendered` → assets → `job.completed`: every render becomes the right file for every place.

mod copy;
mod finish;
mod handler;
mod marked;
mod scene;
mod source;
mod sweep;

pub use handler::PostprocessHandler;
pub use sweep::RetentionConfig;

use anyhow::Context;
use cavendish_blobs::BlobsConfig;
use cavendish_conveyor::ConveyorConfig;
use cavendish_imaging::OutputProfile;
use cavendish_provenance::{ProvenanceConfig, Watermark};
use cavendish_service_kit::{BrokerConfig, CancellationToken, DatabaseConfig, Line};
use cavendish_specs::{Catalogues, SpecsConfig};
use cavendish_store::Retention;
use cavendish_typesetting::TypeConfig;
use copy::Typesetter;
use marked::Finishing;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Fonts, templates and brands.
    #[serde(default, rename = "type")]
    pub typesetting: TypeConfig,
    /// How files are marked.
    #[serde(default)]
    pub provenance: ProvenanceConfig,
    /// The press that CMYK files are for.
    #[serde(default)]
    pub print: PrintConfig,
    /// How long files and renders are kept.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// How the stage runs.
    #[serde(default)]
    pub postprocess: ConveyorConfig,
}

/// `[print]`: the press that CMYK files are for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PrintConfig {
    /// Its ICC profile; coated paper by ISO 12647-2 where none is named.
    pub profile: Option<PathBuf>,
}

impl PrintConfig {
    fn press(&self) -> anyhow::Result<OutputProfile> {
        let Some(path) = &self.profile else { return Ok(OutputProfile::coated()) };
        let read = || anyhow::Ok(OutputProfile::press(&std::fs::read(path)?)?);
        read().with_context(|| format!("print.profile: {}", path.display()))
    }
}

/// The postprocess service.
#[derive(Debug)]
pub struct Service {
    line: Line,
    specs: Catalogues,
    finishing: Finishing,
    typesetter: Typesetter,
    retention: (Retention, Duration),
    config: ConveyorConfig,
}

impl Service {
    /// Connects.
    ///
    /// # Errors
    /// When the specs, the templates or the certificate cannot be read, or a span of time is none, or Postgres or S3 refuse or stay away.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Ok(Self {
            specs: Catalogues::load(&options.specs)?,
            finishing: Finishing {
                watermark: options.provenance.watermark.then(|| Watermark::new(&options.provenance.key())),
                signer: options.provenance.signer()?,
                press: options.print.press()?,
            },
            line: Line::connect(&options.database, &options.broker, &options.blobs).await?,
            typesetter: Typesetter::load(&options.typesetting)?,
            retention: options.retention.spans()?,
            config: options.postprocess,
        })
    }

    /// Works until `shutdown`, then drains.
    pub async fn run(self, shutdown: CancellationToken) {
        let (store, blobs) = (self.line.store.clone(), self.line.blobs.clone());
        let sweep = sweep::sweep(store.clone(), blobs.clone(), self.retention, shutdown.clone());
        let handler = PostprocessHandler::new(store, blobs, self.specs, self.finishing, self.typesetter);
        tokio::join!(sweep, self.line.run(handler, self.config, shutdown).drained());
        self.line.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_the_usual_one_or_that_of_its_profile() {
        let press = |profile: Option<&std::path::Path>| PrintConfig { profile: profile.map(PathBuf::from) }.press();
        let usual = press(None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("press.icc");
        std::fs::write(&file, usual.icc()).unwrap();
        assert_eq!(press(Some(&file)).unwrap().icc(), usual.icc());
        std::fs::write(&file, "no profile").unwrap();
        let refused = format!("{:#}", press(Some(&file)).unwrap_err());
        assert!(refused.starts_with("print.profile: ") && refused.contains("no ICC profile"), "{refused}");
    }
}
