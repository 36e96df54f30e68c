//! JPEG, RGB: 4:4:4 where quality is high, progressive with its own Huffman tables where bytes are scarce.

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, EncodingError, PixelDensity, SamplingFactor};

use super::profile::OutputProfile;
use super::search::Way;
use crate::error::{ImageError, Reason};

const XMP_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

pub(super) fn encode(
    image: &RgbImage,
    quality: u8,
    way: Way,
    profile: &OutputProfile,
    dpi: Option<u32>,
    xmp: Option<&str>,
) -> Result<Vec<u8>, ImageError> {
    let side = |n: u32| u16::try_from(n).map_err(|_| Reason::Invalid(format!("{n} pixels are too many for JPEG")));
    let (width, height) = (side(image.width())?, side(image.height())?);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    let halved = way.is_halved(quality);
    encoder.set_sampling_factor(if halved { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    encoder.set_progressive(way.is_tight());
    if let Some(dpi) = dpi.and_then(|dpi| u16::try_from(dpi).ok()) {
        encoder.set_density(PixelDensity::dpi(dpi));
    }
    encoder.set_optimized_huffman_tables(way.is_tight());
    encoder.add_icc_profile(profile.icc()).map_err(failed)?;
    if let Some(xmp) = xmp {
        encoder.add_app_segment(1, [XMP_HEADER, xmp.as_bytes()].concat()).map_err(failed)?;
    }
    encoder.encode(&profile.samples(image)?.data, width, height, ColorType::Rgb).map_err(failed)?;
    Ok(bytes)
}

fn failed(error: EncodingError) -> ImageError {
    Reason::Codec(error.to_string()).into()
}
