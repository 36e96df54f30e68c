//! The libraries for pictures that the workspace is linked with.

use super::servers;
use crate::say;
use anyhow::{Context, Result};

/// What pkg-config asks for, and Debian's and Homebrew's names for it.
const LIBRARIES: [[&str; 3]; 3] = [
    ["libavif >= 0.11", "libavif-dev", "libavif"],
    ["libheif >= 1.15", "libheif-dev", "libheif"],
    ["libjpeg >= 2.0", "libjpeg62-turbo-dev", "jpeg-turbo"],
];

/// Makes sure that they and their headers are here, by apt when they are missing.
pub(crate) fn ensure() -> Result<()> {
    for [wanted, debian, homebrew] in LIBRARIES {
        servers::ensure_runs(&["pkg-config", "--exists", wanted], &[debian, "pkg-config"]).with_context(|| {
            format!("{wanted} is needed to build (Debian: {debian}, Homebrew: {homebrew} and pkgconf)")
        })?;
    }
    say::ok("libavif, libheif and libjpeg-turbo installed");
    Ok(())
}
