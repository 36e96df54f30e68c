//! The header of PNG (PNG, third edition, 11.2.1).

use cavendish_specs::Format;

use super::{Header, malformed, take};
use crate::error::ImageError;

pub(super) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
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
