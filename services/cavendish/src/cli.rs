//! The arguments.

mod campaign;
mod model;
mod specs;
mod subject;
mod template;
mod verify;

pub use campaign::{CampaignArgs, CampaignCommand, RunArgs};
pub use model::{InspectArgs, ModelArgs, ModelCommand, PullArgs};
pub use specs::{CheckArgs, SpecsArgs, SpecsCommand};
pub use subject::{AddArgs, Kind, ServerArgs, SubjectArgs, SubjectCommand};
pub use template::{PreviewArgs, TemplateArgs, TemplateCommand};
pub use verify::VerifyArgs;

use cavendish_domain::ProfileRef;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use uuid::Uuid;

/// Product images that are finished, on spec and reproducible.
#[derive(Debug, Parser)]
#[command(name = "cavendish", version, propagate_version = true, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration file (TOML); variables `CAVENDISH_SECTION__KEY` win over it
    #[arg(long, global = true, value_name = "FILE", env = "CAVENDISH_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cavendish generate deploy/demo/hamburger.toml --local --config .cache/stack/env.toml
  cavendish up --config .cache/stack/env.toml
  cavendish job list
  cavendish dead-letters list

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 files are there but some do not meet their spec.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make images from briefs, download them, and lay out a contact sheet
    Generate(GenerateArgs),
    /// Make everything for a whole product feed
    Campaign(CampaignArgs),
    /// Run the whole line in this process: gateway, ingest, render, postprocess
    Up(UpArgs),
    /// Bring the database schema up to date
    Migrate,
    /// Look at jobs, cancel one, or delete its files
    Job(JobArgs),
    /// Keep products, characters and styles as profiles that briefs can name
    Subject(SubjectArgs),
    /// Look after what the line gave up on
    #[command(visible_alias = "dlq")]
    DeadLetters(DeadLetterArgs),
    /// Make, list and revoke API keys
    Key(KeyArgs),
    /// Show the output specs that can be asked for, and check files against them
    Specs(SpecsArgs),
    /// Show the layout templates that set copy onto images, and try them out
    Template(TemplateArgs),
    /// Tell where files come from, by the marks in them
    Verify(VerifyArgs),
    /// Look at a model checkpoint, or fetch one
    Model(ModelArgs),
}

/// Arguments of `generate`.
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct GenerateArgs {
    /// Briefs, TOML or JSON; photographs are named by `{ file = "…" }`, relative to the brief
    #[arg(required = true, value_name = "BRIEF")]
    pub briefs: Vec<PathBuf>,
    /// A subject profile, NAME or NAME@VERSION, for every brief that names no subject
    #[arg(long, value_name = "NAME")]
    pub subject: Option<ProfileRef>,
    /// Finish the renders of an earlier job anew, for the deliverables and with the copy of the brief: nothing is drawn
    #[arg(long, value_name = "JOB", conflicts_with = "subject")]
    pub renders_of: Option<Uuid>,
    /// Where the files go
    #[arg(short, long, default_value = "cavendish-output", value_name = "DIR")]
    pub out: PathBuf,
    /// Who makes them.
    #[command(flatten)]
    pub line: LineArgs,
    /// Print the manifest to stdout
    #[arg(long)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// A line: in this process, or behind a gateway.
#[derive(Debug, Args)]
pub struct LineArgs {
    /// Run the whole line in this process, on the servers that the configuration names; --server and --key mean nothing then
    #[arg(long)]
    pub local: bool,
    /// A running gateway
    #[arg(long, env = "CAVENDISH_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub server: String,
    /// API key for that gateway
    #[arg(long, env = "CAVENDISH_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<String>,
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  cavendish generate coffee-cup.toml hamburger.toml --out images --key cav_…
  cavendish generate coffee-cup.toml --local --config .cache/stack/env.toml
  cavendish generate scene.toml --subject cup --key cav_…
  cavendish generate new-copy.toml --renders-of 019a…7f --key cav_…
  cavendish generate brief.json --json | jq '.assets[] | select(.compliant | not)'

A brief:
  name = \"Coffee cup\"
  backdrop = \"light-grey\"
  deliverables = [\"amazon-main\", \"meta-story\"]
  variants = 2
  [[subjects]]
  references = [{ file = \"cup.png\" }]";

const UP_EXAMPLES: &str = "\
Listens on 127.0.0.1:8080 unless `listen` in section `[gateway]` says otherwise. The first time it makes an API key and
shows it once; `cavendish key create` makes more. Ctrl-C drains: what is being drawn goes back to the queue or is
finished, and nothing is lost.

Examples:
  cavendish up --config .cache/stack/env.toml
  CAVENDISH_GATEWAY__LISTEN=0.0.0.0:9000 cavendish up --config .cache/stack/env.toml";

/// Arguments of `up`.
#[derive(Debug, Args)]
#[command(after_help = UP_EXAMPLES)]
pub struct UpArgs {
    /// Print the URL, and the key if one was made, as JSON on stdout once everything is up
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `job`.
#[derive(Debug, Args)]
pub struct JobArgs {
    /// Whose jobs
    #[arg(long, global = true, default_value = "default", value_name = "SLUG")]
    pub tenant: String,
    /// What to do.
    #[command(subcommand)]
    pub command: JobCommand,
}

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Everything about a job, with its whole history
    Show {
        /// The job
        id: Uuid,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// The newest jobs
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: i64,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Let a job go on that is held for a doubtful cut-out
    Release {
        /// The job
        id: Uuid,
    },
    /// Give a job up
    Cancel {
        /// The job
        id: Uuid,
    },
    /// Delete the files of a job; its renders stay, to be finished anew
    Delete {
        /// The job
        id: Uuid,
        /// Only this file, by the id that `job show --json` tells; may be given several times
        #[arg(long = "asset", value_name = "ID")]
        assets: Vec<Uuid>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// Arguments of `dead-letters`.
#[derive(Debug, Args)]
pub struct DeadLetterArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DeadLetterCommand,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLetterCommand {
    /// What is open, newest first
    List {
        /// Also what was replayed or discarded
        #[arg(long)]
        all: bool,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// One dead letter with its message
    Show {
        /// The dead letter
        id: Uuid,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Put back on the line with a clean record
    Replay(Chosen),
    /// Mark as not wanted
    Discard(Chosen),
}

/// Some dead letters.
#[derive(Debug, Args)]
pub struct Chosen {
    /// The dead letters
    #[arg(required_unless_present = "all")]
    pub ids: Vec<Uuid>,
    /// Every open one
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Arguments of `key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; it is printed once and never again
    Create {
        /// Whose; the tenant is made when it is new
        #[arg(long, default_value = "default", value_name = "SLUG")]
        tenant: String,
        /// What people call it
        #[arg(long, default_value = "cli")]
        name: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// All keys, newest first; only their beginnings are known
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// End a key
    Revoke {
        /// Its id, from `key list`
        id: Uuid,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_local_line_does_not_mind_the_key_of_another() {
        // As `CAVENDISH_KEY` and `CAVENDISH_SERVER` in the environment come to.
        let args = ["cavendish", "generate", "a.toml", "--local", "--key", "k", "--server", "http://h"];
        assert!(Cli::try_parse_from(args).is_ok());
    }

    #[test]
    fn replay_needs_ids_or_all() {
        assert!(Cli::try_parse_from(["cavendish", "dlq", "replay"]).is_err());
        assert!(Cli::try_parse_from(["cavendish", "dlq", "replay", "--all", "-y"]).is_ok());
        assert!(Cli::try_parse_from(["cavendish", "generate", "a.toml", "--local", "--config", "c.toml"]).is_ok());
    }
}
