//! The whole line in one process.

use crate::settings;
use anyhow::Context;
use cavendish_domain::TenantId;
use cavendish_gateway::keys::Key;
use cavendish_gateway::{Gateway, GatewayConfig, GatewayHandle};
use cavendish_service_kit::{CancellationToken, config};
use cavendish_store::Store;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::task::JoinSet;
use uuid::Uuid;

/// What the line is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve until it is stopped, at the configured address.
    Serve,
    /// For one run of `generate`: a free port, and a key that ends with it.
    OneRun,
}

/// The services of this process.
pub struct Line {
    gateway: GatewayHandle,
    stages: JoinSet<()>,
    url: String,
    key: Option<(Uuid, Key)>,
    purpose: Purpose,
    shutdown: CancellationToken,
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
        let gateway = Gateway::start(gateway_config, shutdown.clone()).await.context("gateway")?;
        let stages = start_stages(file, &shutdown).await?;
        let key = make_key(gateway.store(), purpose).await?;
        guard.disarm();
        Ok(Self { url: gateway.url(), gateway, stages, key, purpose, shutdown })
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

    /// Drains all services and waits for them.
    pub async fn stop(self) {
        if let (Purpose::OneRun, Some((id, _))) = (self.purpose, &self.key)
            && let Err(error) = self.gateway.store().revoke_key(*id).await
        {
            tracing::warn!(%error, "the key of this run could not be revoked");
        }
        self.shutdown.cancel();
        self.stages.join_all().await;
        self.gateway.stopped().await;
    }
}

/// Starts the three stages, each as its own service would be started.
async fn start_stages(file: Option<&Path>, shutdown: &CancellationToken) -> anyhow::Result<JoinSet<()>> {
    let (ingest, render, postprocess) = tokio::try_join!(
        cavendish_ingest::Service::start(config::load(file)?),
        cavendish_render::Service::start(config::load(file)?),
        cavendish_postprocess::Service::start(config::load(file)?),
    )?;
    let mut stages = JoinSet::new();
    stages.spawn(ingest.run(shutdown.clone()));
    stages.spawn(render.run(shutdown.clone()));
    stages.spawn(postprocess.run(shutdown.clone()));
    Ok(stages)
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
