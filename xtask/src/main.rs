//! Every chore of this repository as one command: `cargo xtask --help`.

mod bench;
mod cargo;
mod cli;
mod demo;
mod lint;
mod paths;
mod process;
mod say;
mod setup;
mod stack;
mod test;
mod train;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{} {error:#}", console::style("error:").red().bold().for_stderr());
            ExitCode::FAILURE
        }
    }
}
