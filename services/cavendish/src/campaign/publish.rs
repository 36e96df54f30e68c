//! Files of a campaign in the bucket, under the names that its plan gives them.

use crate::settings;
use anyhow::Context;
use bytes::Bytes;
use cavendish_blobs::{BlobStore, Blobs};
use cavendish_domain::BlobKey;
use std::path::Path;

/// Where a campaign's files are put for networks and shops to fetch.
pub(super) struct Shelf {
    blobs: Blobs,
    campaign: String,
}

impl Shelf {
    /// In the bucket of the configuration.
    ///
    /// # Errors
    /// When there is no such section, or no client can be set up.
    pub(super) fn open(config: Option<&Path>, campaign: &str) -> anyhow::Result<Self> {
        let config =
            settings::blobs(config).context("--publish needs the [blobs] section of a configuration (--config)")?;
        Ok(Self { blobs: Blobs::connect(&config)?, campaign: super::template::path_part(campaign) })
    }

    /// Puts a file under its name, instead of what an earlier run put there; gives its key.
    ///
    /// # Errors
    /// As the store says.
    pub(super) async fn put(&self, name: &str, file: &Path, mime: &str) -> anyhow::Result<String> {
        let key = BlobKey::published(&self.campaign, name);
        let bytes: Bytes = tokio::fs::read(file).await?.into();
        let cannot = || format!("cannot publish {key}");
        // Blobs are written once: the name is freed first.
        self.blobs.delete(&key).await.with_context(cannot)?;
        self.blobs.put_new(&key, bytes, mime).await.with_context(cannot)?;
        Ok(key.to_string())
    }
}
