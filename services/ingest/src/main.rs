//! The ingest service's process.

use cavendish_ingest::{Options, Service};

fn main() -> std::process::ExitCode {
    cavendish_service_kit::run("cavendish-ingest", async |options: Options, kit| {
        let waiting = kit.readiness.check("line");
        waiting.failing("connecting");
        let service = Service::start(options).await?;
        waiting.passing();
        service.run(kit.shutdown.token()).await;
        Ok(())
    })
}
