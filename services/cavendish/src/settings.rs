use anyhow::Context;
use cavendish_blobs::BlobsConfig;
use cavendish_provenance::ProvenanceConfig;
use cavendish_service_kit::{DatabaseConfig, TelemetryConfig, config};
use cavendish_specs::{Catalogues, SpecsConfig};
use cavendish_store::Store;
use cavendish_typesetting::TypeConfig;
use serde::Deserialize;
use std::path::Path;

/// The parts of the configuration that the command line itself needs.
#[derive(Debug, Deserialize)]
struct StoreSettings {
    database: DatabaseConfig,
}

#[derive(Debug, Default, Deserialize)]
struct TelemetrySettings {
    #[serde(default)]
    telemetry: TelemetryConfig,
}

#[derive(Debug, Deserialize)]
struct BlobsSettings {
    blobs: BlobsConfig,
}

#[derive(Debug, Default, Deserialize)]
struct ProvenanceSettings {
    #[serde(default)]
    provenance: ProvenanceConfig,
}

#[derive(Debug, Default, Deserialize)]
struct SpecsSettings {
    #[serde(default)]
    specs: SpecsConfig,
}

#[derive(Debug, Default, Deserialize)]
struct TypeSettings {
    #[serde(default, rename = "type")]
    typesetting: TypeConfig,
}

/// The store, for commands that go to Postgres directly.
pub(crate) async fn store(file: Option<&Path>) -> anyhow::Result<Store> {
    let settings: StoreSettings = config::load(file)?;
    let connections = settings.database.max_connections.min(2);
    Store::connect(&settings.database.url, connections).await.context("cannot reach the database")
}

/// Where blobs are, for commands that go to the bucket directly.
pub(crate) fn blobs(file: Option<&Path>) -> anyhow::Result<BlobsConfig> {
    let settings: BlobsSettings = config::load(file)?;
    Ok(settings.blobs)
}

/// How files are marked.
pub(crate) fn provenance(file: Option<&Path>) -> anyhow::Result<ProvenanceConfig> {
    let settings: ProvenanceSettings = config::load(file)?;
    Ok(settings.provenance)
}

/// How this process logs and measures.
pub(crate) fn telemetry(file: Option<&Path>) -> anyhow::Result<TelemetryConfig> {
    let settings: TelemetrySettings = config::load(file)?;
    Ok(settings.telemetry)
}

/// What copy is set with.
pub(crate) fn typesetting(file: Option<&Path>) -> anyhow::Result<TypeConfig> {
    let settings: TypeSettings = config::load(file)?;
    Ok(settings.typesetting)
}

/// The specs of this installation; without a configuration, those that Cavendish ships.
pub(crate) fn specs(file: Option<&Path>) -> anyhow::Result<Catalogues> {
    let settings: SpecsSettings = config::load(file)?;
    Ok(Catalogues::load(&settings.specs)?)
}
