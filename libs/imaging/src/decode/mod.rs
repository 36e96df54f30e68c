//! Safe decoding: measured before it is decoded, decoded under limits, never a panic, and never with parts missing.

mod alpha;
mod avif;
mod brands;
mod codecs;
mod colour;
mod decoded;
mod exif;
mod header;
mod heif;
mod jpeg;
mod limits;
mod png;
mod raw;
mod segments;
mod tiff;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cavendish_specs::Format;
use image::{DynamicImage, ImageFormat};

use crate::error::{ImageError, Reason};
use crate::resize::{resize_linear_rgb, resize_linear_rgba};
pub(crate) use avif::beside as beside_avif;
pub use colour::IccOutcome;
pub(crate) use colour::{eight_bit, is_display_p3, is_srgb};
pub use decoded::Decoded;
pub use header::{Header, probe};
pub use limits::{ImagingConfig, Limits};
use raw::Raw;
pub(crate) use tiff::beside as beside_tiff;

/// Decodes a picture from untrusted bytes: format by content, limits from the header before any pixel is decoded, turned
/// upright, whatever colours it tells (ICC, CICP, PNG's chunks, EXIF) and inks converted to sRGB, 16 bits brought to 8, alpha
/// kept. Of several pictures, the largest page of a TIFF, the primary one of HEIC, the first frame or default picture of
/// an animation.
///
/// # Errors
/// [`ImageError`] with the reason, also where any part of the picture is missing; memory use stays within the limits, and
/// no input makes this panic.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, ImageError> {
    let header = admitted(bytes, limits)?;
    let raw = guarded(bytes, &header, limits)?;
    let (mut image, icc) = catch_unwind(AssertUnwindSafe(|| colour::to_srgb(&raw)))
        .unwrap_or_else(|_| (eight_bit(&raw.image), IccOutcome::Ignored));
    let orientation = raw.orientation;
    drop(raw);
    image = reduced(image, limits.enough)?;
    image.apply_orientation(orientation);
    Ok(Decoded { image, header, icc })
}

/// Whether [`decode`] would give a picture: everything is decoded, at the smallest fraction that reads all bytes, and thrown
/// away. Answers with the header.
///
/// # Errors
/// As [`decode`].
pub fn verify(bytes: &[u8], limits: &Limits) -> Result<Header, ImageError> {
    let limits = limits.clone().enough(1);
    let header = admitted(bytes, &limits)?;
    guarded(bytes, &header, &limits)?;
    Ok(header)
}

fn admitted(bytes: &[u8], limits: &Limits) -> Result<Header, ImageError> {
    if bytes.len() > limits.max_bytes {
        return Err(Reason::TooManyBytes { bytes: bytes.len(), max: limits.max_bytes }.into());
    }
    let header = catch_unwind(|| probe(bytes)).unwrap_or_else(|_| Err(Reason::Codec("the header".into()).into()))?;
    admit(&header, bytes.len(), limits)?;
    Ok(header)
}

/// The picture as it lies in the file. The codecs are well fuzzed, but they are many; a panic in one of them is the sender's
/// malformed file, not our end.
fn guarded(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Raw, ImageError> {
    let read = catch_unwind(AssertUnwindSafe(|| read(bytes, header, limits)));
    read.unwrap_or_else(|_| Err(malformed(header.format, "the decoder gave up")))
}

/// Refuses what the header alone rules out.
fn admit(header: &Header, bytes: usize, limits: &Limits) -> Result<(), ImageError> {
    let (width, height, format) = (header.width, header.height, header.format);
    if let Some(declared) = &limits.expect_mime
        && Format::from_mime(declared) != Some(format)
    {
        let declared = declared.chars().take(80).collect();
        return Err(Reason::MimeMismatch { declared, found: format.mime() }.into());
    }
    if width == 0 || height == 0 {
        return Err(malformed(format, "a side has no pixels"));
    }
    if width > limits.max_side || height > limits.max_side {
        return Err(Reason::SideTooLong { width, height, max: limits.max_side }.into());
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        return Err(Reason::TooManyPixels { width, height, max: limits.max_pixels }.into());
    }
    if pixels > header.most_pixels_in(bytes) {
        return Err(Reason::Bomb { width, height, bytes }.into());
    }
    if header.animated && !limits.first_frame_of_animation {
        return Err(Reason::Animated.into());
    }
    let needed = pixels * header.bytes_per_pixel();
    if needed > limits.max_alloc {
        return Err(Reason::TooMuchMemory { needed, max: limits.max_alloc }.into());
    }
    Ok(())
}

fn read(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Raw, ImageError> {
    let codec = |codec| codecs::read(bytes, header, codec, limits);
    match header.format {
        Format::Jpeg => jpeg::read(bytes, header, limits),
        Format::Png => codec(ImageFormat::Png),
        Format::Webp => codec(ImageFormat::WebP),
        Format::Gif => codec(ImageFormat::Gif),
        Format::Bmp => codec(ImageFormat::Bmp),
        Format::Tiff => tiff::read(bytes, limits),
        Format::Avif if avif::is_avif(bytes) => avif::read(bytes, header),
        Format::Avif | Format::Heic => heif::read(bytes, header),
        Format::Pdf => Err(Reason::UnsupportedFormat { found: "PDF".into() }.into()),
    }
}

/// The picture at most twice as large as is enough; whole numbers of pixels become one.
fn reduced(image: DynamicImage, enough: Option<u32>) -> Result<DynamicImage, ImageError> {
    let longer = image.width().max(image.height());
    let times = enough.map_or(1, |enough| longer / enough.max(1));
    if times < 2 {
        return Ok(image);
    }
    let [width, height] = [image.width(), image.height()].map(|side| side.div_ceil(times));
    Ok(match &image {
        DynamicImage::ImageRgba8(rgba) => DynamicImage::ImageRgba8(resize_linear_rgba(rgba, width, height)?),
        other => DynamicImage::ImageRgb8(resize_linear_rgb(&other.to_rgb8(), width, height)?),
    })
}

pub(crate) fn malformed(format: Format, detail: impl Into<String>) -> ImageError {
    Reason::Malformed { format, detail: detail.into() }.into()
}

/// Whether a codec's words tell of the end of the data.
fn has_ended(words: &str) -> bool {
    const SIGNS: [&str; 7] =
        ["unexpected eof", "end of file", "failed to fill", "no more bytes", "exhausted", "end of data", "truncated"];
    let words = words.to_lowercase();
    SIGNS.iter().any(|sign| words.contains(sign))
}
