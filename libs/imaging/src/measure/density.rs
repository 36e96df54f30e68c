//! How many pixels come to an inch on paper, as the file says.

use cavendish_specs::Format;
use std::io::Cursor;

const METRES_PER_INCH: f64 = 0.0254;
const CENTIMETRES_PER_INCH: f64 = 2.54;

/// Dots per inch, rounded; None where the file does not say, or says different ones for both sides.
pub(super) fn dpi(bytes: &[u8], format: Format) -> Option<u32> {
    let [x, y] = match format {
        Format::Png => png(bytes),
        Format::Jpeg => jpeg(bytes),
        Format::Tiff => tiff(bytes),
        Format::Webp | Format::Avif | Format::Heic | Format::Gif | Format::Bmp | Format::Pdf => None,
    }?;
    (x == y && x > 0.0).then(|| x.round() as u32)
}

fn png(bytes: &[u8]) -> Option<[f64; 2]> {
    let reader = png::Decoder::new(Cursor::new(bytes)).read_info().ok()?;
    let dims = reader.info().pixel_dims.filter(|dims| dims.unit == png::Unit::Meter)?;
    Some([dims.xppu, dims.yppu].map(|count| f64::from(count) * METRES_PER_INCH))
}

/// The JFIF header comes first: `FFD8 FFE0 length "JFIF\0" version unit x y`.
fn jpeg(bytes: &[u8]) -> Option<[f64; 2]> {
    let head = bytes.get(2..18).filter(|head| head.starts_with(&[0xff, 0xe0]) && head[4..9] == *b"JFIF\0")?;
    let side = |at: usize| f64::from(u16::from_be_bytes([head[at], head[at + 1]]));
    let per_inch = match head[11] {
        1 => 1.0,
        2 => CENTIMETRES_PER_INCH,
        _ => return None,
    };
    Some([side(12), side(14)].map(|count| count * per_inch))
}

fn tiff(bytes: &[u8]) -> Option<[f64; 2]> {
    use tiff::decoder::Decoder;
    use tiff::decoder::ifd::Value;
    use tiff::tags::Tag;
    let mut decoder = Decoder::new(Cursor::new(bytes)).ok()?;
    let per_inch = match decoder.find_tag_unsigned::<u16>(Tag::ResolutionUnit).ok()?.unwrap_or(2) {
        2 => 1.0,
        3 => CENTIMETRES_PER_INCH,
        _ => return None,
    };
    let mut side = |tag| match decoder.get_tag(tag).ok()? {
        Value::Rational(n, d) if d > 0 => Some(f64::from(n) / f64::from(d) * per_inch),
        _ => None,
    };
    Some([side(Tag::XResolution)?, side(Tag::YResolution)?])
}
