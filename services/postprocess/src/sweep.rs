//! Files and renders that have been kept for as long as they are to be are deleted, with those that somebody deleted.

use anyhow::Context;
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

impl RetentionConfig {
    /// How long things are kept, and the pause between sweeps.
    ///
    /// # Errors
    /// For what is no span of time, with the key.
    pub(crate) fn spans(&self) -> anyhow::Result<(Retention, Duration)> {
        let span = |key: &str, seconds: f64| {
            Duration::try_from_secs_f64(seconds).with_context(|| format!("retention.{key} must be a span of time"))
        };
        let days = |key: &str, days: Option<f64>| days.map(|days| span(key, days * 86_400.0)).transpose();
        let assets = days("assets_days", self.assets_days)?;
        let kept = Retention { assets, renders: days("renders_days", self.renders_days)? };
        Ok((kept, span("sweep_seconds", self.sweep_seconds)?))
    }
}

/// Sweeps until `shutdown`, which ends it anywhere: what was not got to is swept again. Several may; what one has deleted is
/// gone for the others as well.
pub(crate) async fn sweep(
    store: Store,
    blobs: Arc<Blobs>,
    (kept, pause): (Retention, Duration),
    shutdown: CancellationToken,
) {
    let sweeping = async {
        loop {
            if let Err(error) = sweep_once(&store, &*blobs, kept).await {
                tracing::warn!(%error, "the sweep stopped; it goes on where it was");
            }
            tokio::time::sleep(pause).await;
        }
    };
    shutdown.run_until_cancelled(sweeping).await.unwrap_or(());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_spans_of_time_and_absent_is_for_ever() {
        let config = RetentionConfig { assets_days: Some(0.5), ..RetentionConfig::default() };
        let (kept, pause) = config.spans().unwrap();
        let half_a_day = Some(Duration::from_secs(43_200));
        assert_eq!((kept, pause), (Retention { assets: half_a_day, renders: None }, Duration::from_secs(60)));
        let wrong = RetentionConfig { renders_days: Some(-1.0), ..RetentionConfig::default() };
        assert_eq!(wrong.spans().unwrap_err().to_string(), "retention.renders_days must be a span of time");
    }
}
