//! Node.js: packages with pinned versions for the peers of benches.

use super::debian::run;
use super::{folder, servers};
use crate::{paths::Paths, say::Board};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes sure that `npm` can be run, by apt when it is missing.
pub(crate) fn npm(scratch: &Path) -> Result<()> {
    if run(Command::new("npm").arg("--version").stdout(Stdio::null()), scratch).is_err() {
        servers::install(&["npm"])?;
    }
    Ok(())
}

/// A folder called `name` in the cache whose `node_modules` holds these packages (`name@version`).
pub(crate) fn modules(paths: &Paths, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let place = paths.cache.join(name);
    let recipe = packages.join("\n");
    if !folder::is_made_from(&place, &recipe) {
        let step = Board::default().step(&format!("node packages {}", packages.join(", ")));
        folder::make(&place, &recipe, |draft| {
            npm(draft).context("npm is needed to fetch a bench's peer")?;
            run(Command::new("npm").args(["install", "--silent", "--no-audit", "--no-fund"]).args(packages), draft)
        })?;
        step.done(&paths.show(&place));
    }
    Ok(place.join("node_modules"))
}
