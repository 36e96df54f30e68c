//! Lossy WebP in the extended container, which holds the profile and the XMP packet.

use image::{RgbImage, RgbaImage};

use super::profile::OutputProfile;
use crate::error::{ImageError, Reason};

/// The format has 14 bits for a side.
const MAX_SIDE: u32 = 16_383;

pub(super) fn encode(
    image: &RgbImage,
    quality: u8,
    profile: &OutputProfile,
    xmp: Option<&str>,
) -> Result<Vec<u8>, ImageError> {
    let (width, height) = image.dimensions();
    if width.max(height) > MAX_SIDE {
        return Err(Reason::Invalid(format!("{width}×{height} is too large for WebP")).into());
    }
    let samples = profile.samples(image)?;
    let encoder = webp::Encoder::from_rgb(&samples.data, width, height);
    let simple =
        encoder.encode_simple(false, f32::from(quality)).map_err(|e| Reason::Codec(format!("WebP encoder: {e:?}")))?;
    // A simple file is a RIFF header of 12 bytes and one picture chunk.
    let picture = simple.get(12..).ok_or_else(|| Reason::Codec("the WebP encoder wrote nothing".into()))?;
    Ok(extend(picture, width, height, profile.icc(), xmp))
}

/// A picture with straight alpha as a simple WebP file, sRGB; its alpha loses nothing.
///
/// # Errors
/// [`Reason::Invalid`] when a side is longer than WebP takes, [`Reason::Codec`] when the encoder fails.
pub fn transparent_webp(image: &RgbaImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let (width, height) = image.dimensions();
    if width.max(height) > MAX_SIDE {
        return Err(Reason::Invalid(format!("{width}×{height} is too large for WebP")).into());
    }
    let encoder = webp::Encoder::from_rgba(image.as_raw(), width, height);
    let file = encoder.encode_simple(false, f32::from(quality));
    Ok(file.map_err(|e| Reason::Codec(format!("WebP encoder: {e:?}")))?.to_vec())
}

/// Puts the picture chunk into a `VP8X` container.
fn extend(picture: &[u8], width: u32, height: u32, profile: &[u8], xmp: Option<&str>) -> Vec<u8> {
    const ICC: u8 = 0x20;
    const XMP: u8 = 0x04;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let [w0, w1, w2, _] = (width - 1).to_le_bytes();
    let [h0, h1, h2, _] = (height - 1).to_le_bytes();
    let flags = ICC | if xmp.is_some() { XMP } else { 0 };
    chunk(&mut out, b"VP8X", &[flags, 0, 0, 0, w0, w1, w2, h0, h1, h2]);
    chunk(&mut out, b"ICCP", profile);
    out.extend_from_slice(picture);
    if let Some(xmp) = xmp {
        chunk(&mut out, b"XMP ", xmp.as_bytes());
    }
    let length = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}
