//! AVIF, by libavif.

use cavendish_avif::{AvifError, Head, Mirrored, Opened, Pixels, open, primaries};
use cavendish_specs::Format;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, Rgba, RgbaImage};

use super::alpha::dropped;
use super::brands::{brands, breaks_off};
use super::header::Header;
use super::malformed;
use super::raw::{Raw, Told};
use crate::encode::OutputProfile;
use crate::error::{ImageError, Reason};

/// Pixels, and pixels of a side, that libavif takes at most; the caller's own limits are lower.
const MOST: [u32; 2] = [1 << 28, 1 << 16];
/// The curve of sRGB, in CICP.
const SRGB_CURVE: u32 = 13;
/// What stands for nothing said, in CICP.
const UNSAID: u32 = 2;

/// Whether a file says that it is one: by its brand, or by those that it is compatible with.
pub(super) fn is_avif(bytes: &[u8]) -> bool {
    brands(bytes).any(|brand| brand == b"avif" || brand == b"avis")
}

fn opened(bytes: &[u8], [pixels, side]: [u32; 2]) -> Result<Opened<'_>, ImageError> {
    open(bytes, pixels, side).map_err(|error| refused(bytes, &error))
}

fn refused(bytes: &[u8], error: &AvifError) -> ImageError {
    let words = error.to_string();
    match breaks_off(bytes) || words.to_lowercase().contains("truncated") {
        true => Reason::Truncated { format: Format::Avif }.into(),
        false => malformed(Format::Avif, words),
    }
}

pub(super) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let opened = opened(bytes, MOST)?;
    let Head { width, height, depth, frames, alpha, grey, .. } = *opened.head();
    let channels = if grey { 1 } else { 3 } + u8::from(alpha);
    Ok(Header { format: Format::Avif, width, height, bit_depth: depth, channels, animated: frames > 1, cmyk: false })
}

/// The first frame, upright. What is coded may not be larger than the header, which was admitted, says.
pub(super) fn read(bytes: &[u8], header: &Header) -> Result<Raw, ImageError> {
    let most = [header.width.saturating_mul(header.height), header.width.max(header.height)];
    let (head, pixels) = opened(bytes, most)?.decode().map_err(|error| refused(bytes, &error))?;
    let (width, height) = (head.width, head.height);
    let image = match pixels {
        Pixels::Bytes(bytes) => RgbaImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8),
        Pixels::Words(words) => {
            ImageBuffer::<Rgba<u16>, _>::from_raw(width, height, words).map(DynamicImage::ImageRgba16)
        }
    };
    let image = image.ok_or_else(|| malformed(Format::Avif, "it holds fewer pixels than it says"))?;
    let mut image = if head.alpha { image } else { dropped(image) };
    image.apply_orientation(match head.turns {
        1 => Orientation::Rotate270,
        2 => Orientation::Rotate180,
        3 => Orientation::Rotate90,
        _ => Orientation::NoTransforms,
    });
    image.apply_orientation(match head.mirrored {
        Mirrored::Not => Orientation::NoTransforms,
        Mirrored::TopBottom => Orientation::FlipVertical,
        Mirrored::LeftRight => Orientation::FlipHorizontal,
    });
    Ok(Raw::upright(image, told(head)))
}

fn told(head: Head) -> Told {
    match (head.icc.is_empty(), head.primaries, head.transfer) {
        (false, ..) => Told::Icc(head.icc),
        (true, UNSAID, UNSAID) => Told::Nothing,
        (true, primaries, transfer) => Told::Cicp { primaries, transfer },
    }
}

/// The profile and the XMP packet.
pub(crate) fn beside(bytes: &[u8]) -> (Option<Vec<u8>>, Option<String>) {
    let Ok(opened) = opened(bytes, MOST) else { return (None, None) };
    let head = opened.head();
    let xmp = (!head.xmp.is_empty()).then(|| String::from_utf8_lossy(&head.xmp).into_owned());
    (profile(head), xmp)
}

/// Its own profile, or that of its primaries where it says only these.
fn profile(head: &Head) -> Option<Vec<u8>> {
    let usual_curve = [SRGB_CURVE, UNSAID].contains(&head.transfer);
    let named = match head.primaries {
        _ if !head.icc.is_empty() => return Some(head.icc.clone()),
        primaries::SRGB if head.transfer == SRGB_CURVE => OutputProfile::srgb(),
        primaries::DISPLAY_P3 if usual_curve => OutputProfile::display_p3(),
        _ => return None,
    };
    Some(named.icc().to_vec())
}
