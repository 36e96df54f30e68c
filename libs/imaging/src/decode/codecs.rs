//! PNG, WebP, GIF and BMP, by the decoders of `image`.

use cavendish_specs::Format;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use std::io::Cursor;

use super::exif::Exif;
use super::header::Header;
use super::limits::Limits;
use super::raw::{Channels, Raw, Told};
use super::{has_ended, malformed, png};
use crate::error::{ImageError, Reason};

/// The picture, or the first frame.
pub(super) fn read(bytes: &[u8], header: &Header, codec: ImageFormat, limits: &Limits) -> Result<Raw, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    let mut allowed = image::Limits::default();
    allowed.max_image_width = Some(limits.max_side);
    allowed.max_image_height = Some(limits.max_side);
    allowed.max_alloc = Some(limits.max_alloc);
    reader.limits(allowed);
    let mut decoder = reader.into_decoder().map_err(|e| refused(header, &e))?;
    if decoder.dimensions() != (header.width, header.height) {
        return Err(malformed(header.format, "its headers contradict each other"));
    }
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let told = match header.format {
        Format::Png => png::told(bytes, profile)?,
        _ => match (profile, decoder.exif_metadata().ok().flatten()) {
            (Some(profile), _) => Told::Icc(profile),
            (None, Some(exif)) => Exif::new(&exif).map_or(Told::Nothing, Exif::told),
            (None, None) => Told::Nothing,
        },
    };
    let image = DynamicImage::from_decoder(decoder).map_err(|e| refused(header, &e))?;
    Ok(Raw { image, channels: Channels::Colours, orientation, told })
}

/// Translates a codec's error; the codecs tell the end of the data as an I/O error or only in words.
fn refused(header: &Header, error: &image::ImageError) -> ImageError {
    let format = header.format;
    let words: String = error.to_string().chars().take(200).collect();
    match error {
        image::ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Reason::Truncated { format }.into()
        }
        _ if has_ended(&words) => Reason::Truncated { format }.into(),
        // The declared pixels were admitted: what asks for more than they need contradicts them.
        image::ImageError::Limits(_) => malformed(format, "decoding it would take more memory than its pixels need"),
        image::ImageError::Unsupported(_) => Reason::UnsupportedFormat { found: words }.into(),
        _ => malformed(format, words),
    }
}
