//! PNG: fast first, thorough only where the budget asks for it.

use image::RgbImage;

use crate::error::{ImageError, Reason};

pub(super) fn encode(image: &RgbImage, xmp: Option<&str>, budget: usize) -> Result<Vec<u8>, ImageError> {
    let quick = write(image, xmp, png::Compression::Fast).map_err(failed)?;
    // Trying harder wins a third at most; where more is missing, the time is better spent on another format.
    if quick.len() <= budget || quick.len() / 2 > budget {
        return Ok(quick);
    }
    write(image, xmp, png::Compression::High).map_err(failed)
}

fn write(image: &RgbImage, xmp: Option<&str>, compression: png::Compression) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(compression);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
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
