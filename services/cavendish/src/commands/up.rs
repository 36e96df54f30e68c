use crate::cli::UpArgs;
use crate::up::{Line, Purpose};
use crate::{Exit, output};
use cavendish_service_kit::Shutdown;
use serde_json::json;
use std::path::Path;

pub(crate) async fn run(args: UpArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let shutdown = Shutdown::on_signals()?;
    let mut line = Line::start(config, Purpose::Serve).await?;
    let made = Some(line.key()).filter(|key| !key.is_empty());
    if args.json {
        output::json(&json!({"url": line.url(), "key": made}))?;
    } else {
        println!("{}", line.url());
        if let Some(key) = made {
            output::note(&format!("API key of tenant `default`, shown only this once:\n\n  {key}\n"));
        }
        output::next(&format!("cavendish generate BRIEF.toml --server {} --key cav_…", line.url()));
    }
    let broken = tokio::select! {
        () = shutdown.wait() => None,
        error = line.broken() => Some(error),
    };
    let drained = line.stop().await;
    broken.map_or(drained, Err).map(|()| Exit::Done)
}
