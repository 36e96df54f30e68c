//! Files and renders that have been kept for as long as they are to be are deleted, with those that somebody deleted.

use cavendish_blobs::{BlobStore, Blobs};
use cavendish_service_kit::CancellationToken;
use cavendish_store::{Retention, Store};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// `[retention]`: how long things are kept, in days. Absent is for ever.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct RetentionConfig {
    /// Finished files.
    pub assets_days: Option<f64>,
    /// Renders, from which files can be finished anew.
    pub renders_days: Option<f64>,
    /// Seconds between sweeps.
    pub sweep_seconds: f64,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { assets_days: None, renders_days: None, sweep_seconds: 60.0 }
    }
}

/// Blobs that are deleted before the table is looked at again.
const BATCH: i64 = 200;

/// Sweeps until `shutdown`. Several may: what one has deleted is gone for the others as well.
pub(crate) async fn sweep(store: Store, blobs: Arc<Blobs>, config: RetentionConfig, shutdown: CancellationToken) {
    let days = |days: Option<f64>| days.and_then(|days| Duration::try_from_secs_f64(days * 86_400.0).ok());
    let kept = Retention { assets: days(config.assets_days), renders: days(config.renders_days) };
    let pause = Duration::try_from_secs_f64(config.sweep_seconds).unwrap_or(Duration::from_secs(60));
    loop {
        if let Err(error) = sweep_once(&store, &*blobs, kept).await {
            tracing::warn!(%error, "the sweep stopped; it goes on where it was");
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

async fn sweep_once(store: &Store, blobs: &dyn BlobStore, kept: Retention) -> anyhow::Result<()> {
    loop {
        let expired = store.expire(kept).await?;
        if expired.assets + expired.renders > 0 {
            tracing::info!(expired.assets, expired.renders, "kept for as long as they were to be");
        }
        if !expired.is_full() {
            break;
        }
    }
    loop {
        let doomed = store.doomed_blobs(BATCH).await?;
        if doomed.is_empty() {
            return Ok(());
        }
        for key in &doomed {
            blobs.delete(key).await?;
        }
        store.forget_blobs(&doomed).await?;
        metrics::counter!("cavendish_blobs_deleted_total").increment(doomed.len() as u64);
    }
}
