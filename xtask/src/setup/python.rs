//! Python: pip as a fetcher of wheels, and small environments with pinned packages for tests and benches.

use super::{folder, servers};
use crate::{paths::Paths, say::Board};
use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// `python3 -m pip`, installed by apt when it is missing and that can be done.
pub(crate) fn pip() -> Result<Command> {
    if !has_pip() {
        servers::install(&["python3-pip"]).context("python3 with pip is needed to fetch packages")?;
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]).stdin(Stdio::null());
    Ok(pip)
}

fn has_pip() -> bool {
    let mut probe = Command::new("python3");
    probe.args(["-c", "import pip"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// A Python with packages of its own.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The interpreter to run.
    pub(crate) python: PathBuf,
    /// What to add to `PYTHONPATH`, where the packages lie beside the system's Python.
    pub(crate) path: Option<PathBuf>,
}

impl Environment {
    /// Sets the variables with which a command run by us finds the interpreter and its packages.
    pub(crate) fn export(&self, command: &mut Command, variable: &str) {
        command.env(variable, &self.python);
        if let Some(path) = &self.path {
            let old = env::var_os("PYTHONPATH").unwrap_or_default();
            let all = std::iter::once(path.clone()).chain(env::split_paths(&old));
            command.env("PYTHONPATH", env::join_paths(all).unwrap_or_else(|_| OsString::from(path)));
        }
    }
}

/// An environment called `name` in the cache with exactly these packages (`name==version`).
pub(crate) fn environment(paths: &Paths, name: &str, packages: &[&str]) -> Result<Environment> {
    let place = paths.cache.join(name);
    let recipe = packages.join("\n");
    if !folder::is_made_from(&place, &recipe) {
        let step = Board::default().step(&format!("python packages {}", packages.join(", ")));
        // Scripts in a virtual environment hold its path, so it is made where it stays and stamped last.
        let _ = fs::remove_dir_all(&place);
        if install_in_venv(&place, packages).is_err() {
            let _ = fs::remove_dir_all(&place);
            install_beside(&place, packages)?;
        }
        folder::stamp(&place, &recipe)?;
        step.done(&paths.show(&place));
    }
    let venv = place.join("bin/python3");
    Ok(match venv.exists() {
        true => Environment { python: venv, path: None },
        false => Environment { python: PathBuf::from("python3"), path: Some(place.join("site")) },
    })
}

/// Fails where Debian's python3-venv is missing.
fn install_in_venv(place: &Path, packages: &[&str]) -> Result<()> {
    quiet(Command::new("python3").args(["-m", "venv"]).arg(place))?;
    let mut pip = Command::new(place.join("bin/python3"));
    quiet(pip.args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]).args(packages))
}

fn install_beside(place: &Path, packages: &[&str]) -> Result<()> {
    quiet(pip()?.args(["install", "--quiet", "--target"]).arg(place.join("site")).args(packages))
}

fn quiet(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context("cannot run python3")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
