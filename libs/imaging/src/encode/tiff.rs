//! TIFF, as printers take it: lossless, with its resolution, the profile and the XMP packet.

use image::RgbImage;
use std::io::Cursor;
use tiff::TiffError;
use tiff::encoder::{Compression, DeflateLevel, Predictor, Rational, TiffEncoder, colortype::RGB8};
use tiff::tags::{ResolutionUnit, Tag};

use super::metadata::srgb_profile;
use crate::error::{ImageError, Reason};

/// The XMP packet's tag (XMP specification, part 3).
const XMP: Tag = Tag::Unknown(700);

pub(super) fn encode(image: &RgbImage, dpi: Option<u32>, xmp: Option<&str>) -> Result<Vec<u8>, ImageError> {
    write(image, dpi, xmp).map_err(|error| Reason::Codec(error.to_string()).into())
}

fn write(image: &RgbImage, dpi: Option<u32>, xmp: Option<&str>) -> Result<Vec<u8>, TiffError> {
    let mut bytes = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut bytes)?;
    let mut encoder =
        encoder.with_compression(Compression::Deflate(DeflateLevel::Fast)).with_predictor(Predictor::Horizontal);
    let mut picture = encoder.new_image::<RGB8>(image.width(), image.height())?;
    if let Some(dpi) = dpi {
        picture.resolution(ResolutionUnit::Inch, Rational { n: dpi, d: 1 });
    }
    picture.encoder().write_tag(Tag::IccProfile, srgb_profile())?;
    if let Some(xmp) = xmp {
        picture.encoder().write_tag(XMP, xmp.as_bytes())?;
    }
    picture.write_data(image.as_raw())?;
    Ok(bytes.into_inner())
}
