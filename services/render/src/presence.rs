//! Tells the others what draws here and what it costs: at the start, every few seconds, and at the end.

use crate::ledger::Ledger;
use cavendish_domain::OwnerId;
use cavendish_renderer::RendererInfo;
use cavendish_service_kit::CancellationToken;
use cavendish_store::{Store, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often; a renderer that is silent for 15 s is taken to be gone.
const EVERY: Duration = Duration::from_secs(2);
/// For how long Postgres is waited for at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// A renderer that others know of until [`Presence::end`].
#[derive(Debug)]
pub(crate) struct Presence {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Presence {
    /// Tells of a renderer from now on.
    pub(crate) fn start(store: Store, info: &RendererInfo, ledger: Arc<Ledger>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(keep(store, json!(info), ledger, stop.clone()));
        Self { stop, task }
    }

    /// Writes the last costs down and says good-bye.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the renderer's presence ended abnormally");
        }
    }
}

async fn keep(store: Store, info: Value, ledger: Arc<Ledger>, stop: CancellationToken) {
    let id = OwnerId::new();
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if let Some(result) = stop.run_until_cancelled(tell(&store, id, &info, &ledger)).await {
            log(result);
        }
    }
    let last = async {
        log(write_down(&store, &ledger).await);
        log(store.renderer_gone(id).await);
    };
    // Without it the others find out by its silence.
    let _in_time = tokio::time::timeout(PATIENCE, last).await;
}

async fn tell(store: &Store, id: OwnerId, info: &Value, ledger: &Ledger) -> Result<(), StoreError> {
    let devices = info["devices"].as_u64().and_then(|devices| u32::try_from(devices).ok()).unwrap_or(1);
    store.renderer_seen(id, info, devices).await?;
    write_down(store, ledger).await
}

async fn write_down(store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
    let measured = ledger.take();
    let result = store.record_costs(&measured).await;
    if result.is_err() {
        ledger.give_back(measured);
    }
    result
}

/// Drawing goes on whether it is known or not.
fn log(result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the renderer could not be told of");
    }
}
