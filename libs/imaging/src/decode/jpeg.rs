//! JPEG, by libjpeg-turbo, which tells what is missing; what it passes over is looked for in the scans themselves.

mod bits;
mod huffman;
mod scans;

use cavendish_jpeg::{Fraction, Head, JpegError, Opened, open};
use cavendish_specs::Format;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};

use huffman::Fault;

use super::exif::Exif;
use super::header::Header;
use super::limits::Limits;
use super::malformed;
use super::raw::{Channels, Raw, Told};
use super::segments::{self, Segment};
use crate::error::{ImageError, Reason};

/// The fractions that libjpeg decodes at, the smallest first.
const FRACTIONS: [Fraction; 4] = [Fraction::Eighth, Fraction::Quarter, Fraction::Half, Fraction::Whole];
/// Bytes of a coefficient, which pictures of several scans keep in memory.
const COEFFICIENT: u64 = 2;

/// The picture, at the smallest fraction that is enough.
pub(super) fn read(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Raw, ImageError> {
    let longer = header.width.max(header.height);
    let enough = limits.enough.unwrap_or(u32::MAX);
    let fraction = FRACTIONS.into_iter().find(|f| longer.div_ceil(*f as u32) >= enough).unwrap_or(Fraction::Whole);
    let opened = open(bytes, fraction).map_err(|error| refused(&error))?;
    admit(&opened, header, limits)?;
    let (head, samples) = opened.decode().map_err(|error| refused(&error))?;
    let Head { width, height, channels, inverted, .. } = head;
    let image = match channels {
        1 => GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
        3 => RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
        _ => RgbaImage::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
    };
    let image = image.ok_or_else(|| malformed(Format::Jpeg, "it holds fewer pixels than it says"))?;
    let channels = match (channels, inverted) {
        (4, true) => Channels::InksInverted,
        (4, false) => Channels::Inks,
        _ => Channels::Colours,
    };
    scans::check(bytes).map_err(|fault| match fault {
        Fault::Ended => Reason::Truncated { format: Format::Jpeg }.into(),
        Fault::Broken(what) => malformed(Format::Jpeg, what),
    })?;
    let (orientation, told) = beside(bytes)?;
    Ok(Raw { image, channels, orientation, told })
}

fn admit(opened: &Opened<'_>, header: &Header, limits: &Limits) -> Result<(), ImageError> {
    if !opened.head().buffered {
        return Ok(());
    }
    let samples = u64::from(header.width) * u64::from(header.height) * u64::from(header.channels);
    let needed = samples * (COEFFICIENT + 1);
    match needed > limits.max_alloc {
        true => Err(Reason::TooMuchMemory { needed, max: limits.max_alloc }.into()),
        false => Ok(()),
    }
}

/// How it is turned, and its colours: by a profile, else by EXIF.
fn beside(bytes: &[u8]) -> Result<(Orientation, Told), ImageError> {
    let mut exif = None;
    let mut parts: Vec<(u8, &[u8])> = vec![];
    let mut promised = 0;
    for Segment { kind, data, .. } in segments::of(bytes) {
        match (kind, data) {
            (0xe1, data) if data.starts_with(b"Exif\0") => exif = exif.or_else(|| Exif::new(data)),
            (0xe2, [b'I', b'C', b'C', b'_', b'P', b'R', b'O', b'F', b'I', b'L', b'E', 0, part, of, data @ ..]) => {
                promised = *of;
                parts.push((*part, data));
            }
            _ => {}
        }
    }
    parts.sort_by_key(|(part, _)| *part);
    if parts.len() != usize::from(promised) {
        return Err(malformed(Format::Jpeg, "parts of its colour profile are missing"));
    }
    let orientation = exif.map_or(Orientation::NoTransforms, Exif::orientation);
    let told = match parts.is_empty() {
        true => exif.map_or(Told::Nothing, Exif::told),
        false => Told::Icc(parts.into_iter().flat_map(|(_, data)| data).copied().collect()),
    };
    Ok((orientation, told))
}

fn refused(error: &JpegError) -> ImageError {
    match error {
        JpegError::Truncated(_) => Reason::Truncated { format: Format::Jpeg }.into(),
        JpegError::Broken(words) => malformed(Format::Jpeg, words.chars().take(200).collect::<String>()),
    }
}
