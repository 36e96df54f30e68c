//! The command line: `generate` makes images from briefs, `up` runs the whole line in one process, and the rest looks
//! after it. What a command prints for programs goes to stdout, what it tells people goes to stderr.

pub mod brief_file;
mod campaign;
pub mod cli;
pub mod client;
mod commands;
pub mod generate;
mod hub;
pub mod manifest;
mod output;
mod settings;
pub mod sheet;
mod sse;
mod subject_page;
mod supervise;
pub mod up;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

/// How a command ended, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: something failed; stderr says what. (2, wrong usage, is the argument parser's.)
    Failed,
    /// 3: every file is there, but some do not meet their spec.
    NotCompliant,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::NotCompliant => 3,
        })
    }
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    end_with_the_reader();
    // Ring is the one provider of the workspace; a second call finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::fail(&anyhow::Error::new(error).context("cannot start the runtime"));
            return Exit::Failed.into();
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::fail(&error);
            Exit::Failed.into()
        }
    }
}

/// `cavendish … | head` has what it wants when `head` closes the pipe: nothing to be told, and the exit code is that of a
/// program that the closed pipe's signal ended.
fn end_with_the_reader() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(128 + 13);
        }
        tell(panic);
    }));
}

async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let config = cli.config.as_deref();
    if let Some(file) = config.filter(|_| std::env::var_os("CAVENDISH_CONFIG").is_none()) {
        output::remember_config(file);
    }
    match cli.command {
        Command::Generate(args) => generate::run(args, config).await,
        Command::Campaign(args) => campaign::run(args, config).await,
        Command::Up(args) => commands::up::run(args, config).await,
        Command::Migrate => commands::migrate::run(config).await,
        Command::Job(args) => commands::job::run(args, config).await,
        Command::Subject(args) => commands::subject::run(args).await,
        Command::DeadLetters(args) => commands::dead_letters::run(args, config).await,
        Command::Key(args) => commands::key::run(args, config).await,
        Command::Specs(args) => commands::specs::run(args, config),
        Command::Template(args) => commands::template::run(args, config),
        Command::Verify(args) => commands::verify::run(&args, config),
        Command::Model(args) => commands::model::run(args).await,
    }
}
