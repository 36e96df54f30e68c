//! What a PNG says beside its pixels (PNG, third edition), and whether its checksums hold.

use cavendish_specs::Format;
use crc32fast::hash;

use super::colour::SRGB;
use super::exif::Exif;
use super::malformed;
use super::raw::Told;
use crate::error::{ImageError, Reason};

/// Chunks without which a picture looks different; the others may be broken.
const TELLING: [&[u8; 4]; 9] = [b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"];
/// What gAMA and cHRM count in.
const UNIT: f64 = 100_000.0;
/// The exponent that the curve of sRGB is written as.
const USUAL_GAMMA: f64 = 1.0 / 2.2;
/// Exponents nearer to the usual one than this are not worth a conversion (as in libpng) where the primaries are those of
/// sRGB: that is what is meant.
const NEAR: f64 = 0.05;

/// The chunks of a PNG.
#[derive(Default)]
struct Chunks<'a> {
    cicp: Option<&'a [u8]>,
    has_icc: bool,
    srgb: bool,
    gamma: Option<&'a [u8]>,
    chromaticities: Option<&'a [u8]>,
    exif: Option<&'a [u8]>,
}

/// What the chunks say of the colours, by their precedence (13.13); `icc` is the unpacked profile.
///
/// # Errors
/// [`Reason::Malformed`] for a checksum that does not hold, [`Reason::Truncated`] for a file that ends in a chunk before all
/// pixels came.
pub(super) fn told(bytes: &[u8], icc: Option<Vec<u8>>) -> Result<Told, ImageError> {
    let chunks = chunks(bytes)?;
    if let Some(&[primaries, transfer, 0, 1]) = chunks.cicp {
        return Ok(Told::Cicp { primaries: primaries.into(), transfer: transfer.into() });
    }
    if let Some(icc) = icc.filter(|_| chunks.has_icc) {
        return Ok(Told::Icc(icc));
    }
    if chunks.srgb {
        return Ok(Told::Srgb);
    }
    let power = chunks.gamma.and_then(|data| number(data, 0)).filter(|gamma| (0.05..=20.0).contains(gamma));
    let chromaticities = chunks.chromaticities.and_then(|data| {
        let pair = |at: usize| Some([number(data, at)?, number(data, at + 4)?]);
        Some([pair(0)?, pair(8)?, pair(16)?, pair(24)?])
    });
    if power.is_none() && chromaticities.is_none() {
        return Ok(chunks.exif.and_then(Exif::new).map_or(Told::Nothing, Exif::told));
    }
    let is_usual = |gamma: &f64| (gamma / USUAL_GAMMA - 1.0).abs() <= NEAR;
    if power.as_ref().is_none_or(is_usual) && chromaticities.is_none_or(is_srgb) {
        return Ok(Told::Srgb);
    }
    Ok(Told::Gamma { power: power.map(|gamma| 1.0 / gamma), chromaticities })
}

/// Whether chromaticities are those of sRGB, as far as writers round them.
fn is_srgb(of: [[f64; 2]; 4]) -> bool {
    of.iter().flatten().zip(SRGB.iter().flatten()).all(|(a, b)| (a - b).abs() < 0.002)
}

fn number(data: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(u32::from_be_bytes(*data.get(at..)?.first_chunk()?)) / UNIT)
}

/// Walks through all chunks up to the end of the picture.
fn chunks(bytes: &[u8]) -> Result<Chunks<'_>, ImageError> {
    let mut chunks = Chunks::default();
    let (mut at, mut has_pixels) = (8usize, false);
    while let Some(head) = bytes.get(at..at.saturating_add(8)) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let end = at.saturating_add(8).saturating_add(length);
        let (Some(data), Some(sum)) = (bytes.get(at + 8..end), bytes.get(end..end.saturating_add(4))) else {
            return Err(Reason::Truncated { format: Format::Png }.into());
        };
        let name = &head[4..];
        let is_telling = TELLING.iter().any(|telling| name == *telling);
        if is_telling && hash(&bytes[at + 4..end]).to_be_bytes() != sum {
            let name = String::from_utf8_lossy(name);
            return Err(malformed(Format::Png, format!("the checksum of {name} does not hold")));
        }
        match name {
            b"IEND" => break,
            b"IDAT" => has_pixels = true,
            b"cICP" if !has_pixels => chunks.cicp = Some(data),
            b"iCCP" if !has_pixels => chunks.has_icc = true,
            b"sRGB" if !has_pixels => chunks.srgb = true,
            b"gAMA" if !has_pixels => chunks.gamma = Some(data),
            b"cHRM" if !has_pixels => chunks.chromaticities = Some(data),
            b"eXIf" => chunks.exif = Some(data),
            _ => {}
        }
        at = end + 4;
    }
    Ok(chunks)
}
