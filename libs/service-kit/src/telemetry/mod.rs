//! Logs, traces and metrics of a process.

mod format;

use format::Traced;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::Deserialize;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::OnceLock;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Upper bounds of every histogram, in seconds: from a local query to a slow render.
pub const BUCKETS_SECONDS: [f64; 18] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// Upper bounds of histograms whose name ends in `_ratio` (occupancy, shares): 0 to 1.
pub const BUCKETS_RATIO: [f64; 9] = [0.05, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0];

/// `[telemetry]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TelemetryConfig {
    /// What is logged, as `target=level` directives: `info,cavendish_conveyor=debug`.
    pub log: String,
    /// How lines look.
    pub format: LogFormat,
    /// Where `/metrics`, `/healthz` and `/readyz` are served; port 0 takes a free one. Unset: not at all.
    pub metrics_listen: Option<SocketAddr>,
}

/// How log lines look. They always go to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log: "info,sqlx=warn,lapin=warn,hyper=warn,aws_smithy_runtime=warn,aws_sdk_s3=warn".into(),
            format: LogFormat::Auto,
            metrics_listen: None,
        }
    }
}

/// Telemetry is set up. Holds nothing that must be flushed today; keep it until the process ends.
#[derive(Debug)]
#[must_use]
pub struct Guard(());

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log directives cannot be parsed.
    #[error("configuration: `telemetry.log` is `{log}`, which is not a log filter")]
    Log {
        /// The directives.
        log: String,
        /// Why.
        source: tracing_subscriber::filter::ParseError,
    },
}

/// Sets up logs, traces and metrics of the process. The first call decides; later ones, by other services in the
/// same process or by tests, change nothing.
///
/// Spans have W3C trace ids (nothing is exported), and every log line within a span carries `trace_id`.
///
/// # Errors
/// When the log directives cannot be parsed.
pub fn init(config: &TelemetryConfig, service: &'static str) -> Result<Guard, TelemetryError> {
    let wrong = |source| TelemetryError::Log { log: config.log.clone(), source };
    let filter = EnvFilter::builder().parse(&config.log).map_err(wrong)?;
    metrics_handle();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());

    let terminal = std::io::stderr().is_terminal();
    let lines = match config.format {
        LogFormat::Json => Traced::json(service),
        LogFormat::Auto if !terminal => Traced::json(service),
        LogFormat::Pretty | LogFormat::Auto => Traced::pretty(terminal),
    };
    // Spans are traced whatever the log level is: what is sent along must not depend on what is printed.
    let tracer = SdkTracerProvider::builder().build().tracer("cavendish");
    let traces = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
    let traces = traces.with_filter(filter_fn(|metadata| metadata.is_span() && *metadata.level() <= Level::INFO));
    // Fails when a subscriber is there already, and then that one stays.
    tracing_subscriber::registry().with(traces).with(lines.layer().with_filter(filter)).try_init().ok();
    Ok(Guard(()))
}

/// The process's metrics. The recorder is installed by the first call.
pub(crate) fn metrics_handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS);
        let ratios = metrics_exporter_prometheus::Matcher::Suffix("_ratio".into());
        let builder = builder.and_then(|builder| builder.set_buckets_for_metric(ratios, &BUCKETS_RATIO));
        // Fails only for empty lists of buckets, which they are not.
        let recorder = builder.unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics will be empty");
        }
        handle
    })
}
