//! The render service's process.

use cavendish_render::{Options, Service};

fn main() -> std::process::ExitCode {
    cavendish_service_kit::run("cavendish-render", async |options: Options, kit| {
        let waiting = kit.readiness.check("line");
        waiting.failing("connecting");
        let service = Service::start(options).await?;
        waiting.passing();
        service.run(kit.shutdown.token()).await;
        Ok(())
    })
}
