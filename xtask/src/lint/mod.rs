//! `cargo xtask lint`: the checks that keep habits.

mod direction;

use crate::{cargo, paths::Paths, say, setup};
use anyhow::{Result, bail};
use std::process::{Command, ExitCode, Stdio};

/// Runs every check, even after one has failed, and fails when any did.
pub(crate) fn run(paths: &Paths) -> Result<ExitCode> {
    setup::to_build(paths)?;
    let mut failed = Vec::new();
    let mut check = |name: &'static str, result: Result<()>| match result {
        Ok(()) => say::ok(name),
        Err(error) => {
            say::warn(&format!("{name}: {error:#}"));
            failed.push(name);
        }
    };
    check("format", cargo::run(cargo::command(paths).args(["fmt", "--all", "--check"])));
    check("dependency directions", direction::check(paths));
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    check("clippy", cargo::run(cargo::command(paths).args(clippy)));
    for (tool, name, args) in OPTIONAL {
        if is_installed(paths, tool) {
            check(name, cargo::run(cargo::command(paths).args(*args)));
        } else {
            say::note(&format!("{name}: skipped, cargo-{tool} is not installed (`cargo install cargo-{tool}`)"));
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks that run where their tool is installed: tool, what it checks, arguments.
const OPTIONAL: &[(&str, &str, &[&str])] =
    &[("deny", "licences and advisories", &["deny", "check"]), ("machete", "unused dependencies", &["machete"])];

fn is_installed(paths: &Paths, tool: &str) -> bool {
    let mut probe: Command = cargo::command(paths);
    probe.args([tool, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
