//! The header of JPEG (ITU-T T.81, annex B).

use cavendish_specs::Format;

use super::{Header, malformed, truncated};
use crate::decode::segments::{self, SCAN};
use crate::error::ImageError;

pub(super) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Jpeg;
    let mut found = None;
    for segment in segments::of(bytes) {
        if !segment.is_whole {
            return Err(truncated(format));
        }
        match segment.kind {
            // All frames but for the tables of Huffman and arithmetic codes, and what is kept for extensions.
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&segment.kind) => {
                let [bit_depth, h1, h0, w1, w0, channels, ..] = *segment.data else { return Err(truncated(format)) };
                let (width, height) = (u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
                let cmyk = channels == 4;
                found = Some(Header { format, width, height, bit_depth, channels, animated: false, cmyk });
            }
            SCAN => return found.ok_or_else(|| malformed(format, "the scan comes before the frame header")),
            _ => {}
        }
    }
    Err(truncated(format))
}
