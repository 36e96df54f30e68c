//! All that a file tells of where it comes from.

use crate::{Credentials, Signer, Standing, Watermark, Xmp};
use cavendish_imaging::{ImageError, Look, look};
use serde::Serialize;

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// What its XMP packet says; anyone can write or remove it.
    pub xmp: Xmp,
    /// The invisible mark.
    pub watermark: Found,
    /// The signed manifest; `None` where there is none.
    pub credentials: Option<Credentials>,
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
        self.xmp.marking.is_some() || self.watermark.found || self.credentials.is_some()
    }

    /// Whether a signed manifest says that the file was changed since, or is broken.
    pub fn is_broken(&self) -> bool {
        self.credentials.as_ref().is_some_and(|credentials| credentials.standing == Standing::Invalid)
    }
}

/// Looks for everything. `anchors` (PEM) are the authorities whose signatures are trusted.
///
/// # Errors
/// When the bytes are no picture that can be measured, see [`look`].
pub fn inspect(file: &[u8], watermark: &Watermark, anchors: Option<&str>) -> Result<Provenance, ImageError> {
    let Look { facts, shown, xmp } = look(file)?;
    let signable = Signer::signs(facts.format);
    let credentials = signable.then(|| Credentials::of(file, facts.format, anchors)).flatten();
    let found = watermark.detect(&shown)?;
    let watermark = found.map_or_else(Found::default, |found| Found {
        found: true,
        payload: Some(format!("{:016x}", found.payload)),
        score: found.score,
    });
    let xmp = xmp.as_deref().map(Xmp::read).unwrap_or_default();
    Ok(Provenance { xmp, watermark, credentials })
}
