//! PNG: fast first, thorough only where the budget asks for it.

use cavendish_specs::Colour;
use image::RgbImage;

use super::profile::OutputProfile;
use crate::error::{ImageError, Reason};

/// Dots per inch to pixels per metre.
const INCHES_PER_METRE: f64 = 1.0 / 0.0254;

pub(super) fn encode(
    image: &RgbImage,
    profile: &OutputProfile,
    dpi: Option<u32>,
    xmp: Option<&str>,
    budget: usize,
) -> Result<Vec<u8>, ImageError> {
    let samples = profile.samples(image)?;
    let write = |compression| write(&samples.data, image.dimensions(), profile, dpi, xmp, compression);
    let quick = write(png::Compression::Fast).map_err(failed)?;
    // Trying harder wins a third at most; where more is missing, the time is better spent on another format.
    if quick.len() <= budget || quick.len() / 2 > budget {
        return Ok(quick);
    }
    write(png::Compression::High).map_err(failed)
}

fn write(
    data: &[u8],
    (width, height): (u32, u32),
    profile: &OutputProfile,
    dpi: Option<u32>,
    xmp: Option<&str>,
    compression: png::Compression,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(width, height);
    // PNG says sRGB in a chunk of its own, one byte long.
    let srgb = profile.colour() == Colour::Srgb;
    info.icc_profile = (!srgb).then(|| profile.icc().into());
    let mut encoder = png::Encoder::with_info(&mut bytes, info)?;
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(compression);
    if srgb {
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    }
    if let Some(dpi) = dpi {
        let count = (f64::from(dpi) * INCHES_PER_METRE).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: count, yppu: count, unit: png::Unit::Meter }));
    }
    if let Some(xmp) = xmp {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), xmp.into())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}

fn failed(error: png::EncodingError) -> ImageError {
    Reason::Codec(error.to_string()).into()
}
