//! libavif, which the workspace is linked with.

use super::servers;
use crate::say;
use anyhow::{Context, Result};
use std::process::{Command, Stdio};

/// Makes sure that libavif and its headers are here, by apt when they are missing.
pub(crate) fn ensure() -> Result<()> {
    if !is_here() {
        servers::install(&["libavif-dev", "pkg-config"])
            .context("libavif 0.11 or later is needed to build (Debian: libavif-dev, Homebrew: libavif pkgconf)")?;
    }
    say::ok("libavif installed");
    Ok(())
}

fn is_here() -> bool {
    let mut probe = Command::new("pkg-config");
    probe.args(["--exists", "libavif >= 0.11"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
