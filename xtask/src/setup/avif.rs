//! libavif, which the workspace is linked with.

use super::servers;
use crate::say;
use anyhow::{Context, Result};

/// Makes sure that libavif and its headers are here, by apt when they are missing.
pub(crate) fn ensure() -> Result<()> {
    servers::ensure_runs(&["pkg-config", "--exists", "libavif >= 0.11"], &["libavif-dev", "pkg-config"])
        .context("libavif 0.11 or later is needed to build (Debian: libavif-dev, Homebrew: libavif pkgconf)")?;
    say::ok("libavif installed");
    Ok(())
}
