//! TIFF (TIFF 6.0, and BigTIFF): its largest picture, and what it says beside its pixels.

mod chunks;
mod pages;
mod samples;

use cavendish_specs::Format;
use image::metadata::Orientation;
use std::io::Cursor;
use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits as Most};
use tiff::tags::Tag;

use super::header::Header;
use super::limits::Limits;
use super::malformed;
use super::raw::{Channels, Raw, Told};
use crate::error::{ImageError, Reason};
pub(super) use pages::header;
use pages::{Page, page};
use samples::Samples;

/// The XMP packet's tag (XMP specification, part 3).
const XMP: Tag = Tag::Unknown(700);
/// The directory of the camera's data.
const EXIF: Tag = Tag::Unknown(0x8769);

/// The profile and the XMP packet.
pub(crate) fn beside(bytes: &[u8]) -> (Option<Vec<u8>>, Option<String>) {
    let Ok(mut decoder) = Decoder::new(Cursor::new(bytes)) else { return (None, None) };
    if let Ok(page) = page(bytes) {
        let _ = decoder.seek_to_image(page.index);
    }
    let profile = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
    let packet = decoder.get_tag_u8_vec(XMP).ok();
    (profile, packet.map(|packet| String::from_utf8_lossy(&packet).into_owned()))
}

/// The largest picture.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Raw, ImageError> {
    let page = page(bytes)?;
    let patched = page.told_plainly(bytes);
    let bytes = patched.as_deref().unwrap_or(bytes);
    let mut decoder = opened(bytes, limits).map_err(|error| refused(&error))?;
    decoder.seek_to_image(page.index).map_err(|error| refused(&error))?;
    let orientation = decoder.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten();
    let orientation = orientation.and_then(|value| Orientation::from_exif(value.min(255) as u8));
    let told = told(&mut decoder, bytes);
    let map = decoder.get_tag_u16_vec(Tag::ColorMap).ok();
    let (result, channels) = match chunks::read(bytes, &mut decoder, &page)? {
        Some(read) => read,
        None => {
            let mut result = DecodingResult::U8(vec![]);
            decoder.read_image_to_buffer(&mut result).map_err(|error| refused(&error))?;
            (result, decoder.colortype().map_err(|error| refused(&error))?.num_samples().into())
        }
    };
    let image = Samples { page: &page, channels, map }.picture(result)?;
    let channels = if page.inks { Channels::Inks } else { Channels::Colours };
    Ok(Raw { image, channels, orientation: orientation.unwrap_or(Orientation::NoTransforms), told })
}

fn opened<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Cursor<&'a [u8]>>, TiffError> {
    let mut most = Most::default();
    most.decoding_buffer_size = usize::try_from(limits.max_alloc).unwrap_or(usize::MAX);
    most.intermediate_buffer_size = most.decoding_buffer_size;
    // A directory of a picture in strips of one row has eight bytes for each.
    most.ifd_value_size = 16 << 20;
    Ok(Decoder::new(Cursor::new(bytes))?.with_limits(most))
}

fn told(decoder: &mut Decoder<Cursor<&[u8]>>, bytes: &[u8]) -> Told {
    if let Ok(profile) = decoder.get_tag_u8_vec(Tag::IccProfile) {
        return Told::Icc(profile);
    }
    match decoder.find_tag(EXIF) {
        Ok(Some(_)) => super::exif::Exif::new(bytes).map_or(Told::Nothing, super::exif::Exif::told),
        _ => Told::Nothing,
    }
}

/// Translates the codec's error; it tells the end of the data as an I/O error or only in words.
pub(super) fn refused(error: &TiffError) -> ImageError {
    let words: String = error.to_string().chars().take(200).collect();
    match error {
        _ if super::has_ended(&words) => Reason::Truncated { format: Format::Tiff }.into(),
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Reason::Truncated { format: Format::Tiff }.into()
        }
        TiffError::LimitsExceeded => malformed(Format::Tiff, "decoding it would take more memory than its pixels need"),
        TiffError::UnsupportedError(_) => Reason::UnsupportedFormat { found: format!("TIFF: {words}") }.into(),
        _ => malformed(Format::Tiff, words),
    }
}

/// The header of a page.
fn header_of(page: &Page) -> Header {
    let Page { width, height, bit_depth, samples, inks, .. } = *page;
    let channels = samples.min(5) as u8;
    Header { format: Format::Tiff, width, height, bit_depth, channels, animated: false, cmyk: inks }
}
