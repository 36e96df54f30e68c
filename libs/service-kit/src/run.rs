use crate::{HealthServer, Readiness, Shutdown, TelemetryConfig, config, telemetry};
use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit status of a wrong configuration, as of wrong usage.
const MISCONFIGURED: u8 = 2;

/// The command line that all services share.
#[derive(Debug, Parser)]
#[command(version)]
pub struct ServiceArgs {
    /// TOML file; variables `CAVENDISH_…` win over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What a service is given beside its own options.
#[derive(Debug, Clone)]
pub struct Kit {
    /// When to stop taking work and drain.
    pub shutdown: Shutdown,
    /// What the service still waits for; served as `/readyz`.
    pub readiness: Readiness,
}

/// The part of a configuration that belongs to the kit.
#[derive(Deserialize)]
struct KitOptions {
    #[serde(default)]
    telemetry: TelemetryConfig,
}

/// Runs a service until it ends by itself or is told to stop: reads `--config`, loads the configuration, sets up
/// telemetry, signals and the health server, and calls `start` with the service's options on a runtime of its own.
///
/// The exit status is 0 after a clean end, 1 after a failure and 2 for a wrong configuration or usage. An error is
/// printed once, with its causes.
pub fn run<O, F>(service: &'static str, start: F) -> ExitCode
where
    O: DeserializeOwned,
    F: AsyncFnOnce(O, Kit) -> anyhow::Result<()>,
{
    let matches = ServiceArgs::command().name(service).get_matches();
    let args = ServiceArgs::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let loaded = (|| -> anyhow::Result<(O, TelemetryConfig)> {
        let options = config::load(args.config.as_deref())?;
        let own: KitOptions = config::load(args.config.as_deref())?;
        let _guard = init_process(&own.telemetry, service)?;
        Ok((options, own.telemetry))
    })();
    let (options, telemetry) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("{service}: {error:#}");
            return ExitCode::from(MISCONFIGURED);
        }
    };
    match serve(service, telemetry, |kit| start(options, kit)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "{service} failed");
            ExitCode::FAILURE
        }
    }
}

/// What a process needs once, whatever runs in it: telemetry, and `ring` as its TLS provider. Later calls change
/// nothing.
///
/// # Errors
/// When the log directives cannot be parsed.
pub fn init_process(
    config: &TelemetryConfig,
    service: &'static str,
) -> Result<telemetry::Guard, telemetry::TelemetryError> {
    // Fails when one is installed already, and then that one stays.
    rustls::crypto::ring::default_provider().install_default().ok();
    telemetry::init(config, service)
}

fn serve(
    service: &'static str,
    telemetry: TelemetryConfig,
    start: impl AsyncFnOnce(Kit) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start a runtime")?;
    runtime.block_on(async move {
        let shutdown = Shutdown::on_signals().context("cannot listen to signals")?;
        let readiness = Readiness::new();
        let _health = match telemetry.metrics_listen {
            None => None,
            Some(listen) => {
                let health = HealthServer::start(listen, readiness.clone(), shutdown.token()).await;
                let health =
                    health.with_context(|| format!("`telemetry.metrics_listen`: cannot listen on {listen}"))?;
                tracing::info!(address = %health.address(), "serving /metrics, /healthz and /readyz");
                Some(health)
            }
        };
        tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
        let result = start(Kit { shutdown, readiness }).await;
        tracing::info!(service, "stopped");
        result
    })
}
