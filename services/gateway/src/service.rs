use crate::config::GatewayConfig;
use crate::error::StartError;
use crate::events::EventFeed;
use crate::routes;
use crate::state::AppState;
use cavendish_blobs::Blobs;
use cavendish_conveyor::{Listener, Relay};
use cavendish_store::Store;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a server that is away at start is waited for.
const START_PATIENCE: Duration = Duration::from_secs(60);
const START_PAUSE: Duration = Duration::from_millis(500);

/// The HTTP service.
#[derive(Debug, Clone, Copy)]
pub struct Gateway;

/// A gateway that serves. It stops when the token that it was started with is cancelled.
#[derive(Debug)]
pub struct GatewayHandle {
    address: SocketAddr,
    store: Store,
    server: JoinHandle<()>,
    relay: JoinHandle<()>,
}

impl Gateway {
    /// Connects to Postgres and S3, brings the schema up to date, and serves until `shutdown`: then open streams end,
    /// requests under way are answered, and the outbox is emptied once more. RabbitMQ may be away.
    ///
    /// # Errors
    /// [`StartError`] when Postgres or S3 refuse or stay away for a minute, or the address cannot be had.
    pub async fn start(config: GatewayConfig, shutdown: CancellationToken) -> Result<GatewayHandle, StartError> {
        let GatewayConfig { database, broker, blobs, gateway } = config;
        let store = persist(|| async {
            let store = Store::connect(&database.url, database.max_connections).await?;
            store.migrate().await.map(|()| store)
        })
        .await?;
        let blobs = Blobs::connect(&blobs)?;
        persist(|| async { blobs.ensure_bucket().await }).await?;
        let listen = TcpListener::bind(gateway.listen).await;
        let failed = |source| StartError::Listen { address: gateway.listen, source };
        let listener = listen.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;

        let events = Listener::start(broker.url.clone(), shutdown.clone());
        // The relay outlives the server, so that what the last requests committed goes out too.
        let served = CancellationToken::new();
        let (relay_handle, relay) = Relay::start(store.clone(), broker.url, served.clone());
        let feed = EventFeed::new(move || events.subscribe(), move || relay_handle.poke());
        let state = AppState::new(store.clone(), Arc::new(blobs), feed, gateway, shutdown.clone());
        let router = routes::router(state);
        let server = tokio::spawn(async move {
            let _guard = served.drop_guard();
            let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        tracing::info!(%address, "gateway listening");
        Ok(GatewayHandle { address, store, server, relay })
    }
}

impl GatewayHandle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for clients on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let host = if self.address.ip().is_unspecified() { "127.0.0.1".into() } else { self.address.ip().to_string() };
        let host = if self.address.is_ipv6() && host.contains(':') { format!("[{host}]") } else { host };
        format!("http://{host}:{}", self.address.port())
    }

    /// The store that it uses, for whoever runs in the same process.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until it has stopped.
    pub async fn stopped(self) {
        // A panic in either was logged where it happened.
        let _ = self.server.await;
        let _ = self.relay.await;
    }
}

/// An error that says whether to try again.
trait Transient {
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
async fn persist<T, E, F>(mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: Transient + std::error::Error,
    F: Future<Output = Result<T, E>>,
{
    let deadline = tokio::time::Instant::now() + START_PATIENCE;
    loop {
        match attempt().await {
            Err(error) if error.is_transient() && tokio::time::Instant::now() < deadline => {
                tracing::warn!(%error, "waiting for a server");
                tokio::time::sleep(START_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}
