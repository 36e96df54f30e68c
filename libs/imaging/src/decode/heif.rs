//! HEIC, by libheif; also AVIF whose brands libavif does not know.

use cavendish_heif::{HeifError, Opened, Pixels, open};
use cavendish_specs::Format;
use image::{DynamicImage, ImageBuffer, Rgba, RgbaImage};

use super::alpha::straighten;
use super::brands::{brands, breaks_off, has_item};
use super::header::Header;
use super::malformed;
use super::raw::{Raw, Told};
use crate::error::{ImageError, Reason};

/// The longest side that libheif takes; the caller's own limits are lower.
const MOST_SIDE: u32 = 1 << 16;
/// Brands of still pictures and sequences by HEVC, and of pictures by any codec.
const BRANDS: [&[u8; 4]; 9] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf"];

/// Whether a file says that it is one.
pub(super) fn is_heif(bytes: &[u8]) -> bool {
    brands(bytes).any(|brand| BRANDS.iter().any(|known| brand == *known))
}

fn opened(bytes: &[u8], format: Format, most_side: u32) -> Result<Opened<'_>, ImageError> {
    open(bytes, most_side).map_err(|error| refused(bytes, &error, format))
}

fn refused(bytes: &[u8], error: &HeifError, format: Format) -> ImageError {
    match error {
        _ if breaks_off(bytes) => Reason::Truncated { format }.into(),
        HeifError::Truncated(_) => Reason::Truncated { format }.into(),
        HeifError::Broken(words) => malformed(format, words.chars().take(200).collect::<String>()),
    }
}

fn format(bytes: &[u8]) -> Format {
    if has_item(bytes, b"av01") && !has_item(bytes, b"hvc1") { Format::Avif } else { Format::Heic }
}

pub(super) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = format(bytes);
    let opened = opened(bytes, format, MOST_SIDE)?;
    let head = opened.head();
    let (width, height, channels) = (head.width, head.height, 3 + u8::from(head.alpha));
    Ok(Header { format, width, height, bit_depth: head.depth, channels, animated: false, cmyk: false })
}

/// The primary picture, upright.
pub(super) fn read(bytes: &[u8], header: &Header) -> Result<Raw, ImageError> {
    let format = header.format;
    let opened = opened(bytes, format, header.width.max(header.height))?;
    if (opened.head().width, opened.head().height) != (header.width, header.height) {
        return Err(malformed(format, "its headers contradict each other"));
    }
    let (head, pixels) = opened.decode().map_err(|error| refused(bytes, &error, format))?;
    let (width, height) = (head.width, head.height);
    let image = match pixels {
        Pixels::Bytes(bytes) => RgbaImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8),
        Pixels::Words(mut words) => {
            let most = (1u32 << head.depth) - 1;
            words
                .iter_mut()
                .for_each(|word| *word = ((u32::from(*word) * 65_535 + most / 2) / most).min(65_535) as u16);
            ImageBuffer::<Rgba<u16>, _>::from_raw(width, height, words).map(DynamicImage::ImageRgba16)
        }
    };
    let mut image = image.ok_or_else(|| malformed(format, "it holds fewer pixels than it says"))?;
    if head.premultiplied {
        straighten(&mut image);
    }
    if !head.alpha {
        image = super::alpha::dropped(image);
    }
    let told = match (head.icc.is_empty(), head.primaries, head.transfer) {
        (false, ..) => Told::Icc(head.icc),
        (true, 2, 2) => Told::Nothing,
        (true, primaries, transfer) => Told::Cicp { primaries, transfer },
    };
    Ok(Raw::upright(image, told))
}
