//! The whole line in one process.

use crate::cli::LineArgs;
use crate::client::Client;
use crate::output;
use crate::settings;
use crate::supervise::Services;
use anyhow::Context;
use cavendish_domain::TenantId;
use cavendish_gateway::keys::Key;
use cavendish_gateway::{Gateway, GatewayConfig};
use cavendish_service_kit::{CancellationToken, HealthServer, Readiness, config};
use cavendish_store::Store;
use futures::FutureExt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use uuid::Uuid;

/// What the line is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve until it is stopped, at the configured address.
    Serve,
    /// For one run of a command: a free port, and a key that ends with it.
    OneRun,
}

/// The services of this process.
pub struct Line {
    services: Services,
    store: Store,
    url: String,
    key: Option<(Uuid, Key)>,
    purpose: Purpose,
    shutdown: CancellationToken,
    _health: Option<HealthServer>,
}

impl Line {
    /// Starts all services.
    ///
    /// # Errors
    /// When the configuration is incomplete, or a service cannot start.
    pub async fn start(file: Option<&Path>, purpose: Purpose) -> anyhow::Result<Self> {
        let mut telemetry = settings::telemetry(file)?;
        if purpose == Purpose::OneRun && std::env::var_os("CAVENDISH_LOG").is_none() {
            // A log between progress bars helps nobody.
            telemetry.log = "error".into();
        }
        let _guard = cavendish_service_kit::init_process(&telemetry, "cavendish")?;
        let mut gateway_config: GatewayConfig = config::load(file)?;
        if purpose == Purpose::OneRun {
            gateway_config.gateway.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            gateway_config.gateway.public_url = None;
        }
        let shutdown = CancellationToken::new();
        let guard = shutdown.clone().drop_guard();
        let health = match telemetry.metrics_listen.filter(|_| purpose == Purpose::Serve) {
            Some(listen) => Some(
                HealthServer::start(listen, Readiness::new(), shutdown.clone())
                    .await
                    .with_context(|| format!("`telemetry.metrics_listen`: cannot listen on {listen}"))?,
            ),
            None => None,
        };
        let gateway = Gateway::start(gateway_config, shutdown.clone()).await.context("gateway")?;
        let (url, store) = (gateway.url(), gateway.store().clone());
        let mut services = start_stages(file, &shutdown).await?;
        services.spawn("gateway", gateway.stopped());
        let key = make_key(&store, purpose).await?;
        guard.disarm();
        Ok(Self { services, store, url, key, purpose, shutdown, _health: health })
    }

    /// Where the gateway answers.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The key that was made at the start; empty when there were keys already.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_ref().map_or("", |(_, key)| key.reveal())
    }

    /// Waits until a service ends, which none does unless it is told to: answers with why it did.
    pub async fn broken(&mut self) -> anyhow::Error {
        self.services.broken().await
    }

    /// Drains all services and waits for them.
    ///
    /// # Errors
    /// When one of them broke down on its way.
    pub async fn stop(self) -> anyhow::Result<()> {
        if let (Purpose::OneRun, Some((id, _))) = (self.purpose, &self.key)
            && let Err(error) = self.store.revoke_key(*id).await
        {
            tracing::warn!(%error, "the key of this run could not be revoked");
        }
        self.shutdown.cancel();
        self.services.drained().await
    }
}

/// Does `work` with a client of the line that is meant: the one behind a gateway, or one that runs in this process for as
/// long as the work takes.
///
/// # Errors
/// When there is no key or the line cannot start; as `work` fails, or a service of this process meanwhile.
pub(crate) async fn served<T>(
    args: &LineArgs,
    config: Option<&Path>,
    quiet: bool,
    work: impl AsyncFnOnce(Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if !args.local {
        return work(Client::with_key(&args.server, args.key.as_deref())?).await;
    }
    if !quiet {
        output::note("starting the line in this process");
    }
    let mut line = Line::start(config, Purpose::OneRun).await?;
    let client = Client::new(line.url(), line.key())?;
    let outcome = tokio::select! {
        outcome = work(client) => outcome,
        error = line.broken() => Err(error),
    };
    let drained = line.stop().await;
    let done = outcome?;
    drained.map(|()| done)
}

/// Starts the three stages, each as its own service would be started.
async fn start_stages(file: Option<&Path>, shutdown: &CancellationToken) -> anyhow::Result<Services> {
    let (ingest, render, postprocess) = (config::load(file)?, config::load(file)?, config::load(file)?);
    let (ingest, render, postprocess) = tokio::try_join!(
        async { cavendish_ingest::Service::start(ingest).await.context("ingest") },
        async { cavendish_render::Service::start(render).await.context("render") },
        async { cavendish_postprocess::Service::start(postprocess).await.context("postprocess") },
    )?;
    let mut services = Services::default();
    let done = |()| Ok(());
    services.spawn("ingest", ingest.run(shutdown.clone()).map(done));
    services.spawn("render", render.run(shutdown.clone()).map(done));
    services.spawn("postprocess", postprocess.run(shutdown.clone()).map(done));
    Ok(services)
}

/// One run always gets a key of its own; a server gets one the first time.
async fn make_key(store: &Store, purpose: Purpose) -> anyhow::Result<Option<(Uuid, Key)>> {
    let name = match purpose {
        Purpose::OneRun => "generate --local",
        Purpose::Serve if store.keys().await?.iter().any(|key| key.revoked_at.is_none()) => return Ok(None),
        Purpose::Serve => "first key",
    };
    let key = Key::generate();
    let id = store.add_key(TenantId::DEFAULT, name, key.shown(), &key.hash()).await?;
    Ok(Some((id, key)))
}
