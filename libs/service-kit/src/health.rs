use crate::{process, telemetry};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often histograms are folded together when nobody scrapes, so that they do not grow.
const UPKEEP: Duration = Duration::from_secs(5);

/// What a service waits for before it can take work, and why it still waits. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    checks: Arc<Mutex<BTreeMap<String, Option<String>>>>,
}

/// One thing that a service depends on. It fails with "starting" until told otherwise.
#[derive(Debug, Clone)]
pub struct Check {
    readiness: Readiness,
    name: String,
}

impl Readiness {
    /// Nothing to wait for yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dependency, for example `broker`. The same name again is the same check, back at "starting".
    #[must_use]
    pub fn check(&self, name: impl Into<String>) -> Check {
        let check = Check { readiness: self.clone(), name: name.into() };
        check.failing("starting");
        check
    }

    /// Whether every check passes.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.lock().values().all(Option::is_none)
    }

    /// The checks that fail, each with its reason.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<String, String> {
        self.lock().iter().filter_map(|(name, reason)| Some((name.clone(), reason.clone()?))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Check {
    /// The dependency is there.
    pub fn passing(&self) {
        self.readiness.lock().insert(self.name.clone(), None);
    }

    /// The dependency is not there, and why.
    pub fn failing(&self, reason: impl Into<String>) {
        self.readiness.lock().insert(self.name.clone(), Some(reason.into()));
    }
}

/// `/metrics`, `/healthz` and `/readyz`, on a port of their own so that a full queue cannot hide them. Stops when
/// dropped, which should be after the service has drained.
#[derive(Debug)]
pub struct HealthServer {
    address: SocketAddr,
    _stop: DropGuard,
}

impl HealthServer {
    /// Serves on `listen`; port 0 takes a free one. `/readyz` answers 503 from the moment `draining` is cancelled.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(listen: SocketAddr, readiness: Readiness, draining: CancellationToken) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        process::describe();
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .with_state((readiness, draining));
        let stop = CancellationToken::new();
        let (stopped, upkeep) = (stop.clone().cancelled_owned(), stop.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the health server ended");
            }
        });
        tokio::spawn(async move { upkeep.run_until_cancelled(fold_histograms()).await });
        Ok(Self { address, _stop: stop.drop_guard() })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn fold_histograms() {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        telemetry::metrics_handle().run_upkeep();
    }
}

async fn metrics() -> Response {
    process::record();
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([kind], telemetry::metrics_handle().render()).into_response()
}

async fn readyz(State((readiness, draining)): State<(Readiness, CancellationToken)>) -> Response {
    let mut reasons = readiness.reasons();
    if draining.is_cancelled() {
        reasons.insert("shutdown".into(), "draining".into());
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(json!({"ready": reasons.is_empty(), "reasons": reasons}))).into_response()
}
