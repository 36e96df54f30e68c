//! AVIF: its colours in CICP, which says in four bytes what a profile says in hundreds.

use cavendish_avif::{Settings, primaries, write};
use cavendish_specs::Colour;
use image::RgbImage;

use super::profile::OutputProfile;
use super::search::Way;
use crate::error::{ImageError, Reason};

/// libavif's quality that looks like JPEG's 100: above it files grow and nothing is seen.
const BEST: u8 = 83;

pub(super) fn encode(
    image: &RgbImage,
    quality: u8,
    way: Way,
    profile: &OutputProfile,
    xmp: Option<&str>,
) -> Result<Vec<u8>, ImageError> {
    let settings = Settings {
        quality: (BEST + quality).saturating_sub(100),
        speed: if way.is_tight() { 7 } else { 8 },
        halved: way.is_halved(quality),
        primaries: if profile.colour() == Colour::DisplayP3 { primaries::DISPLAY_P3 } else { primaries::SRGB },
        icc: &[],
        xmp: xmp.unwrap_or_default().as_bytes(),
    };
    let samples = profile.samples(image)?;
    write(&samples.data, [image.width(), image.height()], &settings)
        .map_err(|error| Reason::Codec(format!("AVIF: {error}")).into())
}
