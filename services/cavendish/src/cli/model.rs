use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `model`.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ModelCommand,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Say what a checkpoint is, what it needs, and whether every name in it fits
    #[command(after_help = INSPECT_HELP)]
    Inspect(InspectArgs),
    /// Fetch a checkpoint from the model hub
    #[command(after_help = PULL_HELP)]
    Pull(PullArgs),
}

/// Arguments of `model inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A diffusers folder, one component of it, a single .safetensors file, or a folder with a model.toml
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `model pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// The repository, as OWNER/NAME
    #[arg(value_name = "REPO")]
    pub repo: String,
    /// Branch, tag or commit
    #[arg(long, default_value = "main", value_name = "REVISION")]
    pub revision: String,
    /// Where the files go; a folder called like the repository unless set
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Only files that fit one of these, for example `transformer/*`; `*` is any text and `?` any character
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub include: Vec<String>,
    /// The hub
    #[arg(long, env = "HF_ENDPOINT", default_value = crate::hub::ENDPOINT, value_name = "URL")]
    pub endpoint: String,
    /// Token for repositories that ask for one
    #[arg(long, env = "HF_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
}

const INSPECT_HELP: &str = "\
Reads configurations and the headers of weight files; loads nothing. Exit code 1 when something does not fit.

Examples:
  cavendish model inspect FLUX.2-klein-4B
  cavendish model inspect flux-2-klein-4b.safetensors --json | jq .problems";

const PULL_HELP: &str = "\
Takes .safetensors, .json, .txt, .model and .jinja files, never pickles, and says what it left out. What is there already is
not fetched again, and what broke off goes on where it stopped.

Examples:
  cavendish model pull black-forest-labs/FLUX.2-klein-4B
  cavendish model pull black-forest-labs/FLUX.2-klein-4B --include 'transformer/*' 'vae/*' --to klein";
