//! The header of GIF (GIF89a).

use cavendish_specs::Format;

use super::{Header, malformed, take};
use crate::error::ImageError;

/// Frames may have so many times the pixels of their screen; the rest is clipped, as browsers do.
const MOST_BEYOND: u64 = 4;
/// Frames of fewer pixels than this do no harm.
const SMALL: u64 = 1 << 18;
/// A 12-bit LZW code stands for at most 4096 pixels.
const PIXELS_PER_BYTE: u64 = 2731;

pub(super) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let format = Format::Gif;
    let [w0, w1, h0, h1, flags] = take(bytes, 6, format)?;
    let (width, height) = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
    let palette = |flags: u8| if flags & 0x80 != 0 { 3usize << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + palette(flags);
    let mut frames = 0;
    let mut first = [0u32; 2];
    while frames < 2 {
        match bytes.get(at) {
            Some(0x21) => at = skip_blocks(bytes, at + 2),
            Some(0x2c) => {
                let Ok([_, _, _, _, w0, w1, h0, h1, flags]) = take(bytes, at + 1, format) else { break };
                if frames == 0 {
                    first = [[w0, w1], [h0, h1]].map(|side| u16::from_le_bytes(side).into());
                }
                frames += 1;
                at = skip_blocks(bytes, at + 11 + palette(flags));
            }
            _ => break,
        }
    }
    // A frame may be larger than the screen that it is shown on, and takes its memory all the same.
    let (of_frame, of_screen) = (u64::from(first[0]) * u64::from(first[1]), u64::from(width) * u64::from(height));
    let too_many = of_frame > of_screen.max(SMALL) * MOST_BEYOND || of_frame > bytes.len() as u64 * PIXELS_PER_BYTE;
    if of_frame > of_screen && too_many {
        let [width, height] = first;
        return Err(malformed(
            format,
            format!("its first frame has {width}×{height} pixels, far more than its screen"),
        ));
    }
    let (width, height) = (width.into(), height.into());
    Ok(Header { format, width, height, bit_depth: 8, channels: 4, animated: frames > 1, cmyk: false })
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
