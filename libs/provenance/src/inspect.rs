//! All that a file tells of where it comes from.

use crate::{Watermark, Xmp};
use cavendish_imaging::{ImageError, Limits, decode};
use serde::Serialize;

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// What its XMP packet says; anyone can write or remove it.
    pub xmp: Xmp,
    /// The invisible mark.
    pub watermark: Found,
}

/// Whether a watermark was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Found {
    /// Whether there is one.
    pub found: bool,
    /// What it says, 16 hexadecimal digits.
    pub payload: Option<String>,
    /// By how many standard deviations it stands out; at least 5 where one was found, else 0.
    pub score: f32,
}

impl Provenance {
    /// Whether the file says how its pixels came to be, or carries the invisible mark.
    pub fn is_marked(&self) -> bool {
        self.xmp.marking.is_some() || self.watermark.found
    }
}

/// Looks for everything.
///
/// # Errors
/// When the bytes are no picture that can be decoded within the usual limits.
pub fn inspect(file: &[u8], watermark: &Watermark) -> Result<Provenance, ImageError> {
    let found = watermark.detect(&decode(file, &Limits::default())?.to_rgb())?;
    let watermark = found.map_or_else(Found::default, |found| Found {
        found: true,
        payload: Some(format!("{:016x}", found.payload)),
        score: found.score,
    });
    Ok(Provenance { xmp: Xmp::of(file), watermark })
}
