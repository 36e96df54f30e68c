use crate::config::GatewayConfig;
use crate::routes;
use crate::state::AppState;
use anyhow::Context;
use cavendish_conveyor::Listener;
use cavendish_intake::Known;
use cavendish_service_kit::Line;
use cavendish_specs::Catalogues;
use cavendish_store::Store;
use cavendish_typesetting::HouseStyle;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The HTTP service.
#[derive(Debug, Clone, Copy)]
pub struct Gateway;

/// A gateway that serves. It stops when the token that it was started with is cancelled.
#[derive(Debug)]
pub struct GatewayHandle {
    address: SocketAddr,
    line: Line,
    server: JoinHandle<io::Result<()>>,
}

impl Gateway {
    /// Connects to Postgres and S3, brings the schema up to date, and serves until `shutdown`: then open streams end,
    /// requests under way are answered, and the outbox is emptied once more. RabbitMQ may be away.
    ///
    /// # Errors
    /// When the specs, the templates or the address cannot be had, or Postgres or S3 refuse or stay away for a minute.
    pub async fn start(config: GatewayConfig, shutdown: CancellationToken) -> anyhow::Result<GatewayHandle> {
        let GatewayConfig { database, broker, blobs, specs, typesetting, imaging, gateway } = config;
        imaging.allow();
        let gateway = gateway.with_room_for(&imaging);
        // First of all: a port in use is told at once, and nothing has to be let go again.
        let listener = TcpListener::bind(gateway.listen).await;
        let listener = listener.with_context(|| format!("`gateway.listen`: cannot listen on {}", gateway.listen))?;
        let address = listener.local_addr()?;
        let known = Known { specs: Catalogues::load(&specs)?, house: HouseStyle::load(&typesetting)? };

        let line = Line::connect(&database, &broker, &blobs).await?;
        let events = Listener::start(broker.url, shutdown.clone());
        let state = AppState::new(&line, events, known, gateway, shutdown.clone());
        let serving = axum::serve(listener, routes::router(state)).with_graceful_shutdown(shutdown.cancelled_owned());
        let server = tokio::spawn(serving.into_future());
        tracing::info!(%address, "gateway listening");
        Ok(GatewayHandle { address, line, server })
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
        &self.line.store
    }

    /// Waits until it has stopped, and everything that it committed is on its way.
    ///
    /// # Errors
    /// When the server broke down.
    pub async fn stopped(self) -> anyhow::Result<()> {
        let served = self.server.await;
        // The relay outlives the server, so that what the last requests committed goes out too.
        self.line.close().await;
        served.context("the HTTP server broke down")?.context("the HTTP server ended")
    }
}
