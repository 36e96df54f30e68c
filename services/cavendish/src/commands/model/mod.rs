mod inspect;
mod pull;

use crate::Exit;
use crate::cli::{ModelArgs, ModelCommand};

pub(crate) async fn run(args: ModelArgs) -> anyhow::Result<Exit> {
    match args.command {
        ModelCommand::Inspect(args) => inspect::run(&args),
        ModelCommand::Pull(args) => pull::run(args).await,
    }
}
