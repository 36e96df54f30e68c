//! What a file says about itself in its first bytes, read without decoding anything.

use cavendish_specs::Format;

use super::{avif, malformed};
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
    /// Declared channels, 1..4.
    pub channels: u8,
    /// Whether there is more than one frame.
    pub animated: bool,
    /// Whether the colours are CMYK.
    pub cmyk: bool,
}

impl Header {
    /// Bytes per decoded pixel, at most.
    pub(super) fn bytes_per_pixel(&self) -> u64 {
        4 * u64::from(self.bit_depth.div_ceil(8))
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
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => png(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif(bytes),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp(bytes),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => tiff(bytes),
        [b'B', b'M', ..] => bmp(bytes),
        _ if avif::is_avif(bytes) => avif::header(bytes),
        _ => Err(Reason::UnsupportedFormat { found: guess(bytes).into() }.into()),
    }
}

/// A name for what is not read here, so that the sender knows what was sent.
fn guess(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(512)];
    let brand = bytes.get(4..12).unwrap_or_default();
    let has = |needle: &[u8]| head.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle));
    match head {
        _ if brand.starts_with(b"ftyphei") || brand.starts_with(b"ftypmif1") => "HEIC",
        _ if brand.starts_with(b"ftyp") => "an MP4 container",
        [0xff, 0x0a, ..] => "JPEG XL",
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => "BigTIFF",
        _ if head.starts_with(b"%PDF") => "PDF",
        _ if head.starts_with(b"8BPS") => "Photoshop",
        _ if head.starts_with(b"PK") => "a ZIP archive",
        _ if has(b"<svg") => "SVG",
        _ if has(b"<html") || has(b"<!doctype") => "HTML",
        _ if std::str::from_utf8(head).is_ok() => "text",
        _ => "unknown content",
    }
}

fn truncated(format: Format) -> ImageError {
    Reason::Truncated { format }.into()
}

/// `N` bytes at `at`, or the news that the file ends before them.
fn take<const N: usize>(bytes: &[u8], at: usize, format: Format) -> Result<[u8; N], ImageError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or_else(|| truncated(format))
}

fn png(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Png;
    if &take::<4>(bytes, 12, format)? != b"IHDR" {
        return Err(malformed(format, "it does not begin with IHDR"));
    }
    let width = u32::from_be_bytes(take(bytes, 16, format)?);
    let height = u32::from_be_bytes(take(bytes, 20, format)?);
    let [bit_depth, colour] = take(bytes, 24, format)?;
    let channels = match colour {
        0 | 3 => 1,
        2 => 3,
        4 => 2,
        6 => 4,
        _ => return Err(malformed(format, format!("colour type {colour}"))),
    };
    let mut animated = false;
    let mut at = 33usize;
    while let Some(chunk) = bytes.get(at..at.saturating_add(8)) {
        let length = u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]) as usize;
        match &chunk[4..] {
            b"acTL" => animated = true,
            b"IDAT" => break,
            _ => {}
        }
        at = at.saturating_add(length).saturating_add(12);
    }
    Ok(Header { format, width, height, bit_depth, channels, animated, cmyk: false })
}

fn jpeg(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Jpeg;
    let mut at = 2;
    let mut found = None;
    loop {
        let [mark, kind] = take(bytes, at, format)?;
        if mark != 0xff {
            return Err(malformed(format, "a marker is missing"));
        }
        match kind {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 => return Err(truncated(format)),
            0xda => break,
            _ => {
                if matches!(kind, 0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&kind)) {
                    let [bit_depth, h1, h0, w1, w0, channels] = take(bytes, at + 4, format)?;
                    let (width, height) = (u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
                    let cmyk = channels == 4;
                    found = Some(Header { format, width, height, bit_depth, channels, animated: false, cmyk });
                }
                at += 2 + usize::from(u16::from_be_bytes(take(bytes, at + 2, format)?)).max(2);
            }
        }
    }
    let header = found.ok_or_else(|| malformed(format, "the scan comes before the frame header"))?;
    // The decoder fills what is missing with grey and calls it a picture; the end marker tells.
    if !bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]) {
        return Err(truncated(format));
    }
    Ok(header)
}

fn gif(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Gif;
    let [w0, w1, h0, h1, flags] = take(bytes, 6, format)?;
    let (width, height) = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
    let palette = |flags: u8| if flags & 0x80 != 0 { 3usize << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + palette(flags);
    let mut frames = 0;
    let mut largest = (u32::from(width), u32::from(height));
    while frames < 2 {
        match bytes.get(at) {
            Some(0x21) => at = skip_blocks(bytes, at + 2),
            Some(0x2c) => {
                let Ok([x0, x1, y0, y1, fw0, fw1, fh0, fh1, flags]) = take(bytes, at + 1, format) else { break };
                let side = |lo, hi| u32::from(u16::from_le_bytes([lo, hi]));
                if frames == 0 {
                    // A frame may be larger than the screen that it is shown on, and takes its memory all the same.
                    largest.0 = largest.0.max(side(x0, x1) + side(fw0, fw1));
                    largest.1 = largest.1.max(side(y0, y1) + side(fh0, fh1));
                }
                frames += 1;
                at = skip_blocks(bytes, at + 11 + palette(flags));
            }
            _ => break,
        }
    }
    if largest != (u32::from(width), u32::from(height)) {
        let (width, height) = largest;
        return Err(malformed(format, format!("its first frame reaches {width}×{height}, beyond its screen")));
    }
    Ok(Header {
        format,
        width: width.into(),
        height: height.into(),
        bit_depth: 8,
        channels: 4,
        animated: frames > 1,
        cmyk: false,
    })
}

/// The place after a chain of GIF sub-blocks.
fn skip_blocks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&length) = bytes.get(at) {
        at += 1 + usize::from(length);
        if length == 0 {
            break;
        }
    }
    at
}

fn webp(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Webp;
    let declared = u32::from_le_bytes(take(bytes, 4, format)?) as usize;
    if declared.saturating_add(8) > bytes.len() {
        return Err(truncated(format));
    }
    let (mut animated, mut channels) = (false, 3);
    let (width, height) = match &take::<4>(bytes, 12, format)? {
        b"VP8X" => {
            let [flags, _, _, _, w0, w1, w2, h0, h1, h2] = take(bytes, 20, format)?;
            animated = flags & 2 != 0;
            channels = if flags & 0x10 != 0 { 4 } else { 3 };
            (u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1)
        }
        b"VP8 " => {
            let [w0, w1, h0, h1] = take(bytes, 26, format)?;
            (u32::from(u16::from_le_bytes([w0, w1]) & 0x3fff), u32::from(u16::from_le_bytes([h0, h1]) & 0x3fff))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(take(bytes, 21, format)?);
            channels = if bits >> 28 & 1 == 1 { 4 } else { 3 };
            ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        _ => return Err(malformed(format, "unknown first chunk")),
    };
    Ok(Header { format, width, height, bit_depth: 8, channels, animated, cmyk: false })
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

fn tiff(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Tiff;
    let little = bytes[0] == b'I';
    let short = |b: [u8; 2]| if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) };
    let long = |b: [u8; 4]| if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) };
    let directory = long(take(bytes, 4, format)?) as usize;
    let entries = short(take(bytes, directory, format)?);
    let mut header = Header { format, width: 0, height: 0, bit_depth: 8, channels: 1, animated: false, cmyk: false };
    for index in 0..usize::from(entries) {
        let at = directory.saturating_add(2 + index * 12);
        let [t0, t1, k0, k1, c0, c1, c2, c3] = take(bytes, at, format)?;
        let count = long([c0, c1, c2, c3]);
        let field: [u8; 4] = take(bytes, at + 8, format)?;
        let value = if short([k0, k1]) == 3 { short([field[0], field[1]]).into() } else { long(field) };
        match short([t0, t1]) {
            256 => header.width = value,
            257 => header.height = value,
            // More than two depths do not fit the field; they are equal in any file that is read here.
            258 if count <= 2 => header.bit_depth = value.min(64) as u8,
            258 => header.bit_depth = short(take(bytes, long(field) as usize, format)?).min(64) as u8,
            262 => header.cmyk = value == 5,
            277 => header.channels = value.min(255) as u8,
            _ => {}
        }
    }
    Ok(header)
}
