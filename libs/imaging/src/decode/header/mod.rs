//! What a file says about itself in its first bytes, read without decoding anything.

mod gif;
mod guess;
mod jpeg;
mod png;
mod webp;

use cavendish_specs::Format;

use super::{avif, heif, malformed, tiff};
use crate::error::{ImageError, Reason};

/// What a picture's header declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Format by content.
    pub format: Format,
    /// Declared width, pixels.
    pub width: u32,
    /// Declared height, pixels.
    pub height: u32,
    /// Declared bits per channel.
    pub bit_depth: u8,
    /// Declared channels, 1..=5.
    pub channels: u8,
    /// Whether there is more than one frame.
    pub animated: bool,
    /// Whether the colours are CMYK.
    pub cmyk: bool,
}

impl Header {
    /// Bytes that decoding holds for a pixel, at most: the file's samples, and the picture that is made of them.
    pub(super) fn bytes_per_pixel(&self) -> u64 {
        4 * u64::from(self.bit_depth.div_ceil(8)) + 4
    }

    /// The most pixels that a file of so many bytes can hold in this format, from the best compression that the format
    /// knows; what declares more is a bomb or truncated. WebP and TIFF have no useful bound.
    pub(super) fn most_pixels_in(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        match self.format {
            // Deflate yields at most 1032 bytes for one; a bit can be a pixel.
            Format::Png => bytes * 1032 * 8 / u64::from(self.bit_depth.max(1)) / u64::from(self.channels.max(1)),
            // A 12-bit LZW code stands for at most 4096 pixels.
            Format::Gif => bytes * 2731,
            // Six blocks cover 256 pixels, and each takes at least a bit of its DC scan.
            Format::Jpeg => bytes * 8 * 256,
            _ => u64::MAX,
        }
    }
}

/// Reads the header of a picture. The format is told by the content alone.
///
/// # Errors
/// [`Reason::Empty`], [`Reason::UnsupportedFormat`], [`Reason::Truncated`] or [`Reason::Malformed`].
pub fn probe(bytes: &[u8]) -> Result<Header, ImageError> {
    match bytes {
        [] => Err(Reason::Empty.into()),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => png::header(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg::header(bytes),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::header(bytes),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp::header(bytes),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => tiff::header(bytes),
        [b'B', b'M', ..] => bmp(bytes),
        _ if avif::is_avif(bytes) => avif::header(bytes),
        _ if heif::is_heif(bytes) => heif::header(bytes),
        _ => Err(Reason::UnsupportedFormat { found: guess::guess(bytes).into() }.into()),
    }
}

fn truncated(format: Format) -> ImageError {
    Reason::Truncated { format }.into()
}

/// `N` bytes at `at`, or the news that the file ends before them.
fn take<const N: usize>(bytes: &[u8], at: usize, format: Format) -> Result<[u8; N], ImageError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or_else(|| truncated(format))
}

fn bmp(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Bmp;
    let size = u32::from_le_bytes(take(bytes, 14, format)?);
    let (width, height) = if size == 12 {
        let [w0, w1, h0, h1] = take(bytes, 18, format)?;
        (u32::from(u16::from_le_bytes([w0, w1])), u32::from(u16::from_le_bytes([h0, h1])))
    } else {
        let height = i32::from_le_bytes(take(bytes, 22, format)?);
        (i32::from_le_bytes(take(bytes, 18, format)?).max(0) as u32, height.unsigned_abs())
    };
    Ok(Header { format, width, height, bit_depth: 8, channels: 4, animated: false, cmyk: false })
}
