//! What a finished file is, told from its bytes alone.

mod density;
mod frame;
mod press;

use cavendish_specs::{Border, ColourSpace, Facts, Format, PixelBox};
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use std::io::Cursor;

use crate::background::PlainBackground;
use crate::cutout::plain;
use crate::decode::{Decoded, Limits, beside_avif, beside_tiff, decode, is_display_p3, is_srgb};
use crate::error::{ImageError, Reason};
use crate::resize::resize_rgb;

/// Decodes a finished file anew and measures it: size, edge, frame, subject, colour model, marking. The subject is found
/// only on a plain backdrop, such as a studio's; elsewhere `fill` and `subject` are None.
///
/// # Errors
/// [`ImageError`] when the bytes are no picture within generous limits (64 megapixels).
pub fn measure(bytes: &[u8]) -> Result<Facts, ImageError> {
    Ok(look(bytes)?.facts)
}

/// A file with its facts, for those who look for more in it.
#[derive(Debug, Clone)]
pub struct Look {
    /// See [`measure`].
    pub facts: Facts,
    /// What it shows, in sRGB.
    pub shown: RgbImage,
    /// Its XMP packet.
    pub xmp: Option<String>,
}

/// As [`measure`], with the picture and the XMP packet.
///
/// # Errors
/// As [`measure`].
pub fn look(bytes: &[u8]) -> Result<Look, ImageError> {
    let limits = Limits { max_pixels: MOST_PIXELS, max_bytes: MOST_BYTES, max_alloc: 1 << 30, ..Limits::default() };
    if bytes.len() > limits.max_bytes {
        return Err(Reason::TooManyBytes { bytes: bytes.len(), max: limits.max_bytes }.into());
    }
    let (file, shown) = match press::sheet(bytes, limits.max_pixels)? {
        Some(sheet) => File::of_sheet(&sheet)?,
        None => File::of_picture(bytes, &limits)?,
    };
    let subject = subject_box(&shown)?;
    let (width, height) = shown.dimensions();
    let facts = Facts {
        width,
        height,
        format: file.format,
        bytes: bytes.len() as u64,
        border: border(&shown),
        frame: frame::frame(&shown),
        fill: subject.map(|b| (b.width as f32 / width as f32).max(b.height as f32 / height as f32)),
        subject,
        colour_space: file.colour_space,
        bit_depth: file.bit_depth,
        dpi: file.dpi,
        bleed_mm: file.bleed_mm,
        has_alpha: file.has_alpha,
        digital_source_type: file.xmp.as_deref().and_then(source_type),
    };
    Ok(Look { facts, shown, xmp: file.xmp })
}

/// Files are measured up to this many pixels.
const MOST_PIXELS: u64 = 64_000_000;
/// Files are measured up to this many bytes; a sheet of A3 in CMYK has as many.
const MOST_BYTES: usize = 160_000_000;

/// What a file says beside its pixels.
struct File {
    format: Format,
    colour_space: ColourSpace,
    bit_depth: u8,
    has_alpha: bool,
    dpi: Option<u32>,
    bleed_mm: Option<f32>,
    xmp: Option<String>,
}

impl File {
    fn of_picture(bytes: &[u8], limits: &Limits) -> Result<(Self, RgbImage), ImageError> {
        let decoded = decode(bytes, limits)?;
        let format = decoded.header.format;
        let (profile, xmp) = beside(bytes, format);
        let file = Self {
            format,
            colour_space: colour_space(&decoded, bytes, profile.as_deref()),
            bit_depth: decoded.header.bit_depth,
            has_alpha: matches!(decoded.image, DynamicImage::ImageRgba8(_)),
            dpi: density::dpi(bytes, format),
            bleed_mm: None,
            xmp,
        };
        Ok((file, decoded.to_rgb()))
    }

    fn of_sheet(sheet: &press::Sheet) -> Result<(Self, RgbImage), ImageError> {
        let colour_space = match (sheet.channels, sheet.icc.as_deref()) {
            (4, _) => ColourSpace::Cmyk,
            (_, profile) => rgb_space(profile, false),
        };
        let xmp = sheet.xmp.clone();
        let (format, dpi, bleed_mm) = (sheet.format, sheet.dpi, sheet.bleed_mm);
        let file = Self { format, colour_space, bit_depth: 8, has_alpha: false, dpi, bleed_mm, xmp };
        Ok((file, sheet.shown()?))
    }
}

/// The box of the subject before a plain backdrop, in pixels; None where the backdrop is not plain or nothing stands
/// out from it. Soft shadows below the subject do not count.
///
/// # Errors
/// [`Reason::Invalid`] when the picture has no pixels.
pub fn subject_box(image: &RgbImage) -> Result<Option<PixelBox>, ImageError> {
    const LONGEST: u32 = 900;
    let (w, h) = image.dimensions();
    if w == 0 || h == 0 {
        return Err(Reason::Invalid("the picture has no pixels".into()).into());
    }
    let scale = (LONGEST as f32 / w.max(h) as f32).min(1.0);
    let side = |n: u32| ((n as f32 * scale).round() as u32).max(1);
    let small = resize_rgb(image, side(w), side(h))?;
    let model = PlainBackground::fit(&small);
    if !model.is_plain() {
        return Ok(None);
    }
    let (sx, sy) = (w as f32 / small.width() as f32, h as f32 / small.height() as f32);
    let found = plain::mask(&small, &model).bounds().filter(|b| b.width * b.height > 16);
    Ok(found.map(|b| PixelBox {
        x: (b.x as f32 * sx).round() as u32,
        y: (b.y as f32 * sy).round() as u32,
        width: (b.width as f32 * sx).round() as u32,
        height: (b.height as f32 * sy).round() as u32,
    }))
}

/// The outermost fiftieth of the picture, at least two pixels.
fn border(image: &RgbImage) -> Border {
    let (w, h) = image.dimensions();
    let ring = (w.min(h) / 50).max(2);
    let (mut white, mut all, mut largest) = (0u64, 0u64, 0u8);
    for (x, y, p) in image.enumerate_pixels() {
        if x >= ring && y >= ring && x + ring < w && y + ring < h {
            continue;
        }
        let off = p.0.iter().map(|v| 255 - v).max().unwrap_or(0);
        largest = largest.max(off);
        white += u64::from(off == 0);
        all += 1;
    }
    Border { white_share: white as f32 / all.max(1) as f32, largest_deviation: largest }
}

/// The embedded profile and the XMP packet of a picture.
fn beside(bytes: &[u8], format: Format) -> (Option<Vec<u8>>, Option<String>) {
    match format {
        Format::Avif => return beside_avif(bytes),
        Format::Tiff => return beside_tiff(bytes),
        _ => {}
    }
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let Some(mut decoder) = reader.ok().and_then(|r| r.into_decoder().ok()) else { return (None, None) };
    let xmp = decoder.xmp_metadata().ok().flatten();
    let text = xmp.map(|raw| String::from_utf8_lossy(&raw).into_owned());
    (decoder.icc_profile().ok().flatten(), text)
}

fn colour_space(decoded: &Decoded, bytes: &[u8], profile: Option<&[u8]>) -> ColourSpace {
    let header = &decoded.header;
    let palette = header.format == Format::Png && bytes.get(25) == Some(&3);
    match header {
        _ if header.cmyk => ColourSpace::Cmyk,
        _ if header.channels <= 2 && !palette => ColourSpace::Grey,
        _ => rgb_space(profile, has_srgb_chunk(bytes)),
    }
}

/// The space of RGB by its profile, or by a word that stands for one.
fn rgb_space(profile: Option<&[u8]>, says_srgb: bool) -> ColourSpace {
    match profile {
        Some(profile) if is_srgb(profile) => ColourSpace::Srgb,
        Some(profile) if is_display_p3(profile) => ColourSpace::DisplayP3,
        Some(_) => ColourSpace::OtherRgb,
        None if says_srgb => ColourSpace::Srgb,
        None => ColourSpace::Untagged,
    }
}

/// PNG says sRGB in a chunk of its own.
fn has_srgb_chunk(bytes: &[u8]) -> bool {
    let mut at = 8usize;
    while let Some(chunk) = bytes.get(at..at.saturating_add(8)).filter(|_| bytes.starts_with(b"\x89PNG")) {
        match &chunk[4..] {
            b"sRGB" => return true,
            b"IDAT" => return false,
            _ => {}
        }
        at =
            at.saturating_add(u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]) as usize).saturating_add(12);
    }
    false
}

/// The last segment of the `DigitalSourceType` in an XMP packet, as an element or as an attribute.
fn source_type(xmp: &str) -> Option<String> {
    let after = &xmp[xmp.find("DigitalSourceType")? + "DigitalSourceType".len()..];
    let value = after.trim_start_matches(['=', '>', '"', '\'', ' ', '\n']);
    let value = value.split(['<', '"', '\'', '>']).next()?.trim();
    let name = value.rsplit('/').next()?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())).then(|| name.to_owned())
}
