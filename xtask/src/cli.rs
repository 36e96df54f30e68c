//! The command line.

use crate::{bench, demo, lint, paths::Paths, process, say, setup, stack, stack::Stack, test, train};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Chores of the Cavendish repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask demo            set up, build and make the demo's images
  cargo xtask test            set up and run every test
  cargo xtask up              start the servers and leave them running

Environment:
  CAVENDISH_CACHE             folder for everything downloaded or run (default .cache)
  LIBTORCH                    a libtorch 2.11 of your own
  CAVENDISH_AMQP_URL, CAVENDISH_DATABASE_URL, CAVENDISH_S3_ENDPOINT
                              servers of your own: what is named is not started";

#[derive(Subcommand)]
enum Command {
    /// Bring what is missing: libtorch, weights, the demo photograph, fonts, RabbitMQ and PostgreSQL
    Setup {
        /// The GPU half of libtorch too (Linux, 2.5 GB to fetch)
        #[arg(long)]
        cuda: bool,
        /// The larger upscalers too (46 MB to fetch), into `models/upscaler-x4plus` and `-x4plus-anime` of the cache
        #[arg(long)]
        upscalers: bool,
        /// The large U²-Net for cut-outs too (165 MB to fetch), into `models/vision-large` of the cache, which
        /// `[renderer] vision_dir` then names
        #[arg(long)]
        large: bool,
        /// Only print which packages of libtorch would be fetched
        #[arg(long)]
        dry_run: bool,
    },
    /// Start private instances of RabbitMQ, PostgreSQL and the S3 server
    Up,
    /// Stop them; their data stays
    Down,
    /// Say what runs, and where (exit code 3 when something is down)
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set up, build, and turn seven briefs into finished images
    Demo {
        /// Where the images go
        #[arg(long, default_value = "demo-output", value_name = "DIR")]
        out: PathBuf,
        /// Leave the servers running
        #[arg(long)]
        keep: bool,
    },
    /// Set up and run every test of the workspace
    Test {
        /// Passed on to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Check format, clippy, dependency directions, licences and unused dependencies
    Lint,
    /// Measure, beside a peer where there is one
    Bench {
        /// What to measure
        #[arg(value_parser = bench::names())]
        what: String,
        /// Write the result to this file, `-` for standard output
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Passed on to the bench
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Train a network that Cavendish ships, or go on with it
    Train {
        /// Which one
        #[arg(value_parser = train::names())]
        what: String,
        /// Passed on to `cavendish-train`: `--steps 5000`, say
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Parts of `up` and `down` that tests of failure need
    #[command(subcommand, hide = true)]
    Stack(StackCommand),
}

#[derive(Subcommand)]
enum StackCommand {
    /// Stop one server and start it again on the same ports
    Restart {
        /// Which one
        #[arg(value_parser = ["rabbitmq", "postgres", "s3"])]
        server: String,
        /// Stop it with SIGKILL
        #[arg(long)]
        kill: bool,
    },
    /// Run a program in a session of its own
    Detach {
        /// The program and its arguments
        #[arg(last = true)]
        command: Vec<String>,
    },
}

/// Runs what the command line asks for.
pub(crate) fn run() -> Result<ExitCode> {
    let command = Cli::parse().command;
    if let Command::Stack(StackCommand::Detach { command }) = &command {
        process::detach(command)?;
    }
    let paths = Paths::discover()?;
    match command {
        Command::Setup { cuda, dry_run: true, .. } => setup::dry_run(cuda).map(|()| ExitCode::SUCCESS),
        Command::Setup { cuda, upscalers, large, dry_run: false } => set_up(&paths, cuda, upscalers, large),
        Command::Up => up(&paths),
        Command::Down => down(&paths),
        Command::Status { json } => status(&paths, json),
        Command::Demo { out, keep } => demo::run(&paths, &out, keep),
        Command::Test { args } => test::run(&paths, &args),
        Command::Lint => lint::run(&paths),
        Command::Bench { what, json, args } => bench::run(&paths, &what, json.as_deref(), &args),
        Command::Train { what, args } => train::run(&paths, &what, &args),
        Command::Stack(StackCommand::Restart { server, kill }) => {
            Stack::open(&paths)?.restart(&server, kill).map(|()| ExitCode::SUCCESS)
        }
        Command::Stack(StackCommand::Detach { .. }) => Ok(ExitCode::FAILURE),
    }
}

fn set_up(paths: &Paths, cuda: bool, upscalers: bool, large: bool) -> Result<ExitCode> {
    setup::all(paths, cuda)?;
    if upscalers {
        setup::upscalers(paths)?;
    }
    if large {
        setup::large(paths)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn up(paths: &Paths) -> Result<ExitCode> {
    let mut stack = Stack::open(paths)?;
    stack.up()?;
    stack::print_status(&stack, false)?;
    Ok(ExitCode::SUCCESS)
}

fn down(paths: &Paths) -> Result<ExitCode> {
    if !Stack::open(paths)?.down()? {
        say::note("nothing was running");
    }
    Ok(ExitCode::SUCCESS)
}

fn status(paths: &Paths, json: bool) -> Result<ExitCode> {
    let ready = stack::print_status(&Stack::open(paths)?, json)?;
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
