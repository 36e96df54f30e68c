//! The gateway as a process of its own.

use cavendish_gateway::{Gateway, GatewayConfig};
use std::process::ExitCode;

fn main() -> ExitCode {
    cavendish_service_kit::run("cavendish-gateway", async |config: GatewayConfig, kit| {
        Gateway::start(config, kit.shutdown.token()).await?.stopped().await
    })
}
