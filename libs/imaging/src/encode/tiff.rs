//! TIFF, as printers take it: lossless, with its resolution, the profile and the XMP packet.

use image::RgbImage;
use std::io::Cursor;
use tiff::TiffError;
use tiff::encoder::colortype::{CMYK8, ColorType, RGB8};
use tiff::encoder::{Compression, DeflateLevel, Predictor, Rational, TiffEncoder};
use tiff::tags::{ResolutionUnit, Tag};

use super::profile::{OutputProfile, Samples};
use crate::error::{ImageError, Reason};

/// The XMP packet's tag (XMP specification, part 3).
const XMP: Tag = Tag::Unknown(700);

pub(super) fn encode(
    image: &RgbImage,
    profile: &OutputProfile,
    dpi: Option<u32>,
    xmp: Option<&str>,
) -> Result<Vec<u8>, ImageError> {
    let samples = profile.samples(image)?;
    let written = match samples.channels {
        4 => write::<CMYK8>(&samples, image.dimensions(), profile, dpi, xmp),
        _ => write::<RGB8>(&samples, image.dimensions(), profile, dpi, xmp),
    };
    written.map_err(|error| Reason::Codec(error.to_string()).into())
}

fn write<C: ColorType<Inner = u8>>(
    samples: &Samples<'_>,
    (width, height): (u32, u32),
    profile: &OutputProfile,
    dpi: Option<u32>,
    xmp: Option<&str>,
) -> Result<Vec<u8>, TiffError> {
    let mut bytes = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut bytes)?;
    let mut encoder =
        encoder.with_compression(Compression::Deflate(DeflateLevel::Fast)).with_predictor(Predictor::Horizontal);
    let mut picture = encoder.new_image::<C>(width, height)?;
    if let Some(dpi) = dpi {
        picture.resolution(ResolutionUnit::Inch, Rational { n: dpi, d: 1 });
    }
    picture.encoder().write_tag(Tag::IccProfile, profile.icc())?;
    if let Some(xmp) = xmp {
        picture.encoder().write_tag(XMP, xmp.as_bytes())?;
    }
    picture.write_data(&samples.data)?;
    Ok(bytes.into_inner())
}
