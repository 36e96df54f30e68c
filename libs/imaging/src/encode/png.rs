//! PNG: fast first, thorough only where the budget asks for it.

use image::RgbImage;

use crate::error::{ImageError, Reason};

/// Dots per inch to pixels per metre.
const INCHES_PER_METRE: f64 = 1.0 / 0.0254;

pub(super) fn encode(
    image: &RgbImage,
    dpi: Option<u32>,
    xmp: Option<&str>,
    budget: usize,
) -> Result<Vec<u8>, ImageError> {
    let quick = write(image, dpi, xmp, png::Compression::Fast).map_err(failed)?;
    // Trying harder wins a third at most; where more is missing, the time is better spent on another format.
    if quick.len() <= budget || quick.len() / 2 > budget {
        return Ok(quick);
    }
    write(image, dpi, xmp, png::Compression::High).map_err(failed)
}

fn write(
    image: &RgbImage,
    dpi: Option<u32>,
    xmp: Option<&str>,
    compression: png::Compression,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(compression);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    if let Some(dpi) = dpi {
        let count = (f64::from(dpi) * INCHES_PER_METRE).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: count, yppu: count, unit: png::Unit::Meter }));
    }
    if let Some(xmp) = xmp {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), xmp.into())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.as_raw())?;
    writer.finish()?;
    Ok(bytes)
}

fn failed(error: png::EncodingError) -> ImageError {
    Reason::Codec(error.to_string()).into()
}
