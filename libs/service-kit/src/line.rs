//! A service's place on the line: Postgres, S3 and the relay, connected in whatever order the servers come up.

use crate::{BrokerConfig, DatabaseConfig};
use anyhow::Context;
use cavendish_blobs::{Blobs, BlobsConfig};
use cavendish_conveyor::{Conveyor, ConveyorConfig, ConveyorHandle, Handler, Relay, RelayHandle};
use cavendish_store::Store;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a server that is away at start is waited for, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(300);

/// A connected service.
#[derive(Debug)]
pub struct Line {
    /// Postgres, migrated.
    pub store: Store,
    /// S3, with its bucket.
    pub blobs: Arc<Blobs>,
    /// Publishes what this service commits.
    pub relay: RelayHandle,
    amqp_url: String,
    relay_task: JoinHandle<()>,
    relay_stop: CancellationToken,
}

impl Line {
    /// Connects to Postgres and S3, brings the schema up to date and starts the relay. RabbitMQ may be away: it is
    /// waited for in the background.
    ///
    /// # Errors
    /// When Postgres or S3 refuse, or stay away for a minute.
    pub async fn connect(
        database: &DatabaseConfig,
        broker: &BrokerConfig,
        blobs: &BlobsConfig,
    ) -> anyhow::Result<Self> {
        let store = persist("Postgres", || async {
            let store = Store::connect(&database.url, database.max_connections).await?;
            store.migrate().await.map(|()| store)
        })
        .await?;
        let blobs = Blobs::connect(blobs).context("S3")?;
        persist("S3", || blobs.ensure_bucket()).await?;
        let relay_stop = CancellationToken::new();
        let (relay, relay_task) = Relay::start(store.clone(), broker.url.clone(), relay_stop.clone());
        Ok(Self { store, blobs: Arc::new(blobs), relay, amqp_url: broker.url.clone(), relay_task, relay_stop })
    }

    /// Starts a stage on this line.
    #[must_use]
    pub fn run<H: Handler>(&self, handler: H, config: ConveyorConfig, shutdown: CancellationToken) -> ConveyorHandle {
        let (store, relay) = (self.store.clone(), self.relay.clone());
        Conveyor::start(handler, store, relay, self.amqp_url.clone(), config, shutdown)
    }

    /// Empties the outbox once more and lets go. Call it after the stages have drained.
    pub async fn close(self) {
        self.relay_stop.cancel();
        // A panic in the relay was logged where it happened.
        let _ = self.relay_task.await;
        self.store.close().await;
    }
}

/// An error that says whether to try again.
trait Transient: std::error::Error + Send + Sync + 'static {
    fn is_transient(&self) -> bool;
}

impl Transient for cavendish_store::StoreError {
    fn is_transient(&self) -> bool {
        self.is_retryable()
    }
}

impl Transient for cavendish_blobs::BlobError {
    fn is_transient(&self) -> bool {
        self.is_retryable()
    }
}

/// Tries again for a while: services and their servers are started in any order.
async fn persist<T, E, F>(server: &'static str, mut attempt: impl FnMut() -> F) -> anyhow::Result<T>
where
    E: Transient,
    F: Future<Output = Result<T, E>>,
{
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match attempt().await {
            Err(error) if error.is_transient() && tokio::time::Instant::now() < deadline => {
                tracing::warn!(%error, server, "waiting for a server");
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome.context(server),
        }
    }
}
