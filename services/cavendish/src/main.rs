//! The command line of Cavendish.

use std::process::ExitCode;

fn main() -> ExitCode {
    cavendish::run()
}
