//! `cargo xtask test`: every test of the workspace, on servers of its own.

use crate::{
    cargo,
    paths::Paths,
    process, say,
    setup::{self, python, servers},
    stack::Stack,
};
use anyhow::Result;
use std::process::{Command, ExitCode};

/// What the tests of foreign producers and readers use.
const PYTHON_PACKAGES: [&str; 9] = [
    "pika==1.3.2",
    "pillow==11.3.0",
    "c2pa-python==0.38.1",
    "pypdf==7.1.1",
    "numpy==2.4.6",
    "tifffile==2026.3.3",
    "pillow_heif==1.8.1",
    "pyvips==3.2.0",
    "pyvips-binary==8.18.7",
];

/// Sets up, starts the servers and runs `cargo test --workspace` with `args` added. Stops what it started.
pub(crate) fn run(paths: &Paths, args: &[String]) -> Result<ExitCode> {
    setup::all(paths, false)?;
    servers::ensure_runs(&["exiftool", "-ver"], &["libimage-exiftool-perl"])?;
    let python = python::environment(paths, "venv-test", &PYTHON_PACKAGES)?;
    say::headline("Building the programs that tests run");
    cargo::run(cargo::command(paths).args(["build", "--workspace", "--bins"]))?;
    say::headline("Servers");
    let mut stack = Stack::open(paths)?;
    let was_up = stack.is_up();
    stack.up()?;
    say::headline("Tests");
    let mut tests = cargo::command(paths);
    tests.args(["test", "--workspace"]).args(args);
    export(&mut tests, paths)?;
    python.export(&mut tests, "CAVENDISH_TEST_PYTHON");
    let result = cargo::run(&mut tests);
    if !was_up {
        say::headline("Stopping the servers");
        stack.down()?;
    }
    result.map(|()| ExitCode::SUCCESS)
}

/// Tells a test or a bench where the servers are and how to hurt them.
pub(crate) fn export(command: &mut Command, paths: &Paths) -> Result<()> {
    command.env("CAVENDISH_STACK", paths.env_file()).env("CAVENDISH_XTASK", process::own_program()?);
    command.env("CAVENDISH_CACHE", &paths.cache);
    Ok(())
}
