//! What every service starts with: configuration, telemetry, health, shutdown, and a `main` that is alike everywhere.
//!
//! A service is written as `Options` (its own configuration), `Service::run(shutdown)` and, where something else in
//! the process needs to talk to it, a `Handle`. Its binary is then:
//!
//! ```no_run
//! # #[derive(serde::Deserialize)] struct Options {}
//! # struct Service;
//! # impl Service {
//! #     async fn start(_: Options, _: &cavendish_service_kit::Kit) -> anyhow::Result<Self> { Ok(Self) }
//! #     async fn run(self, _: cavendish_service_kit::CancellationToken) -> anyhow::Result<()> { Ok(()) }
//! # }
//! fn main() -> std::process::ExitCode {
//!     cavendish_service_kit::run("cavendish-ingest", async |options: Options, kit| {
//!         Service::start(options, &kit).await?.run(kit.shutdown.token()).await
//!     })
//! }
//! ```

pub mod config;
mod health;
mod line;
mod process;
mod run;
mod shutdown;
mod stage;
pub mod telemetry;

pub use cavendish_conveyor::trace;
pub use config::{BrokerConfig, ConfigError, DatabaseConfig};
pub use health::{Check, HealthServer, Readiness};
pub use line::Line;
pub use run::{Kit, ServiceArgs, init_process, run};
pub use shutdown::Shutdown;
pub use stage::{blob_error, blocking};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use tokio_util::sync::CancellationToken;
