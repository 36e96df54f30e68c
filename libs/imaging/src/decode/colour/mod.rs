//! Whatever colours a file tells: converted to sRGB, once, on the way in, at 16 bits.

mod cicp;
mod hdr;
mod like;
mod profile;
mod rows;

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace};

use super::raw::{Channels, Raw, Told};
pub(crate) use like::{is_display_p3, is_srgb};
pub(super) use profile::SRGB;
pub(crate) use rows::eight_bit;

/// What became of the colours that a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IccOutcome {
    /// It tells none; the pixels are taken for sRGB.
    Absent,
    /// It is sRGB already.
    Srgb,
    /// The pixels were converted to sRGB: by an embedded profile, by what EXIF, PNG or the container says, or from inks,
    /// which are taken for those of coated paper (FOGRA39) where no profile says more.
    Converted,
    /// Its profile is broken or does not fit the pixels, which are taken for sRGB, as browsers do.
    Ignored,
}

/// The picture in sRGB, 8 bits, and what became of its colours. A picture of 16 bits is rounded with a dither that is the
/// same every time, so that soft ramps stay soft.
pub(super) fn to_srgb(raw: &Raw) -> (DynamicImage, IccOutcome) {
    let plain = |outcome| (eight_bit(&raw.image), outcome);
    if raw.channels != Channels::Colours {
        let press = profile::press(&raw.told);
        return match rows::through(raw, &press) {
            Some(image) => (image, IccOutcome::Converted),
            None => (rows::by_formula(raw), IccOutcome::Converted),
        };
    }
    match &raw.told {
        Told::Nothing => plain(IccOutcome::Absent),
        Told::Srgb => plain(IccOutcome::Srgb),
        Told::Icc(bytes) if bytes.is_empty() => plain(IccOutcome::Absent),
        Told::Icc(bytes) if is_srgb(bytes) => plain(IccOutcome::Srgb),
        Told::Cicp { primaries, transfer } if cicp::is_srgb(*primaries, *transfer) => {
            plain(if *primaries == cicp::UNSAID { IccOutcome::Absent } else { IccOutcome::Srgb })
        }
        Told::Cicp { primaries, transfer } if hdr::is_hdr(*transfer) => {
            (hdr::mapped(&raw.image, *primaries, *transfer), IccOutcome::Converted)
        }
        told => match profile::of(told).and_then(|profile| rows::through(raw, &profile)) {
            Some(image) => (image, IccOutcome::Converted),
            None => plain(IccOutcome::Ignored),
        },
    }
}

/// Whether a profile's device has the colours that these channels stand for.
fn fits(profile: &ColorProfile, channels: Channels, has_colour: bool) -> bool {
    match (profile.color_space, channels) {
        (DataColorSpace::Cmyk, Channels::Inks | Channels::InksInverted) => true,
        (DataColorSpace::Rgb, Channels::Colours) => true,
        (DataColorSpace::Gray, Channels::Colours) => !has_colour,
        _ => false,
    }
}
