use crate::{Exit, output, settings};
use std::path::Path;

pub(crate) async fn run(config: Option<&Path>) -> anyhow::Result<Exit> {
    settings::store(config).await?.migrate().await?;
    output::note("the database schema is up to date");
    Ok(Exit::Done)
}
