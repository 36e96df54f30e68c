//! The command line.

use crate::{paths::Paths, process, say, stack, stack::Stack};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Chores of the Cavendish repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start private instances of RabbitMQ, PostgreSQL and the S3 server
    Up,
    /// Stop them; their data stays
    Down,
    /// Say what runs, and where
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
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
        Command::Up => up(&paths),
        Command::Down => down(&paths),
        Command::Status { json } => status(&paths, json),
        Command::Stack(StackCommand::Restart { server, kill }) => {
            Stack::open(&paths)?.restart(&server, kill).map(|()| ExitCode::SUCCESS)
        }
        Command::Stack(StackCommand::Detach { .. }) => Ok(ExitCode::FAILURE),
    }
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
