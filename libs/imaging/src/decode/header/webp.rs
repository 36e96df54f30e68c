//! The header of WebP (RFC 9649).

use cavendish_specs::Format;

use super::{Header, malformed, take, truncated};
use crate::error::ImageError;

pub(super) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
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
