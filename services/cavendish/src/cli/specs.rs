use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cavendish specs list --network meta
  cavendish specs show amazon-main
  cavendish specs check banner.jpg
  cavendish specs check *.jpg --spec amazon-main --spec ebay-listing

Specs of your own are TOML files in the folder that `dir` in section `[specs]` of the configuration names: docs/specs.md.";

/// Arguments of `specs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SpecsArgs {
    /// Whose specs, besides those that everyone may use
    #[arg(long, global = true, default_value = "default", value_name = "SLUG")]
    pub tenant: String,
    /// What to do.
    #[command(subcommand)]
    pub command: SpecsCommand,
}

/// What to do with specs.
#[derive(Debug, Subcommand)]
pub enum SpecsCommand {
    /// All specs
    List {
        /// Only of this network
        #[arg(long)]
        network: Option<String>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// One spec with all its rules
    Show {
        /// Its id
        id: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Measure image files, from Cavendish or anywhere else, and tell which specs they meet and what fails
    Check(CheckArgs),
}

const CHECK_HELP: &str = "\
Without --spec: the specs that each file meets, and of those that it has the shape for, what fails. With --spec: every rule,
what was measured for it, and how it ended.

Exit codes: 0 done, 1 a file fails a spec that was named, or cannot be read.";

/// Arguments of `specs check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub struct CheckArgs {
    /// Image files: JPEG, PNG, WebP, GIF, BMP or TIFF
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A spec to check against; may be given several times
    #[arg(long = "spec", value_name = "ID")]
    pub specs: Vec<String>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}
