//! Safe decoding: measured before it is decoded, decoded under limits, never a panic.

mod avif;
mod header;
mod icc;
mod tiff;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cavendish_specs::Format;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage, RgbaImage};

use crate::error::{ImageError, Reason};
use crate::resize::flatten;
pub(crate) use avif::beside as beside_avif;
pub use header::{Header, probe};
pub use icc::IccOutcome;
pub(crate) use icc::{is_display_p3, is_srgb};
pub(crate) use tiff::beside as beside_tiff;

/// How much an untrusted picture may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Greatest file size, bytes.
    pub max_bytes: usize,
    /// Greatest number of declared pixels.
    pub max_pixels: u64,
    /// Greatest declared side, pixels.
    pub max_side: u32,
    /// Greatest memory for decoding, bytes.
    pub max_alloc: u64,
    /// Whether the first frame of an animation is taken; otherwise an animation is refused.
    pub first_frame_of_animation: bool,
    /// The MIME type that the sender declared; a different content is refused. None: not compared.
    pub expect_mime: Option<String>,
}

impl Default for Limits {
    /// 40 MB, 50 megapixels, 16,384 a side, 512 MiB of memory, first frame of an animation.
    fn default() -> Self {
        Self {
            max_bytes: 40_000_000,
            max_pixels: 50_000_000,
            max_side: 16_384,
            max_alloc: 512 << 20,
            first_frame_of_animation: true,
            expect_mime: None,
        }
    }
}

/// A decoded picture: upright, sRGB, 8 bits.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// `ImageRgb8`, or `ImageRgba8` with straight alpha where the file has an alpha channel.
    pub image: DynamicImage,
    /// What the header declared, before the picture was turned upright.
    pub header: Header,
    /// What became of an embedded profile.
    pub icc: IccOutcome,
}

impl Decoded {
    /// Whether some pixel is not opaque.
    pub fn has_transparency(&self) -> bool {
        self.image.as_rgba8().is_some_and(|rgba| rgba.pixels().any(|p| p.0[3] < 255))
    }

    /// The picture with alpha; opaque where the file has none.
    pub fn to_rgba(&self) -> RgbaImage {
        self.image.to_rgba8()
    }

    /// The picture without alpha; what is transparent is laid on white.
    pub fn to_rgb(&self) -> RgbImage {
        match &self.image {
            DynamicImage::ImageRgba8(rgba) => flatten(rgba, [255; 3]),
            other => other.to_rgb8(),
        }
    }
}

/// Decodes a picture from untrusted bytes: format by content, limits from the header before any pixel is decoded,
/// EXIF orientation applied, embedded profile converted to sRGB, 16 bits brought to 8, alpha kept.
///
/// # Errors
/// [`ImageError`] with the reason; memory use stays within the limits, and no input makes this panic.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, ImageError> {
    if bytes.len() > limits.max_bytes {
        return Err(Reason::TooManyBytes { bytes: bytes.len(), max: limits.max_bytes }.into());
    }
    let header = probe(bytes)?;
    admit(&header, bytes.len(), limits)?;
    // The codecs are well fuzzed, but they are many; a panic in one of them is the sender's malformed file, not our end.
    let decoded = catch_unwind(AssertUnwindSafe(|| pixels(bytes, &header, limits)));
    let (image, orientation, profile) =
        decoded.unwrap_or_else(|_| Err(malformed(header.format, "the decoder gave up")))?;
    let (mut image, icc) = catch_unwind(AssertUnwindSafe(|| icc::to_srgb(&image, profile.as_deref())))
        .unwrap_or_else(|_| (eight_bit(&image), IccOutcome::Ignored));
    image.apply_orientation(orientation);
    Ok(Decoded { image, header, icc })
}

/// Refuses what the header alone rules out.
fn admit(header: &Header, bytes: usize, limits: &Limits) -> Result<(), ImageError> {
    let (width, height, format) = (header.width, header.height, header.format);
    if let Some(declared) = &limits.expect_mime
        && Format::from_mime(declared) != Some(format)
    {
        let declared = declared.chars().take(80).collect();
        return Err(Reason::MimeMismatch { declared, found: format.mime() }.into());
    }
    if width == 0 || height == 0 {
        return Err(malformed(format, "a side has no pixels"));
    }
    if width > limits.max_side || height > limits.max_side {
        return Err(Reason::SideTooLong { width, height, max: limits.max_side }.into());
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        return Err(Reason::TooManyPixels { width, height, max: limits.max_pixels }.into());
    }
    if pixels > header.most_pixels_in(bytes) {
        return Err(Reason::Bomb { width, height, bytes }.into());
    }
    if header.cmyk {
        return Err(Reason::UnsupportedColour { found: "CMYK" }.into());
    }
    if header.animated && !limits.first_frame_of_animation {
        return Err(Reason::Animated.into());
    }
    let needed = pixels * header.bytes_per_pixel() * 2;
    if needed > limits.max_alloc {
        return Err(Reason::TooMuchMemory { needed, max: limits.max_alloc }.into());
    }
    Ok(())
}

type Raw = (DynamicImage, Orientation, Option<Vec<u8>>);

fn pixels(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Raw, ImageError> {
    let Some(codec) = codec(header.format) else {
        let (image, profile) = avif::pixels(bytes, header)?;
        return Ok((image, Orientation::NoTransforms, profile));
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    let mut allowed = image::Limits::default();
    allowed.max_image_width = Some(limits.max_side);
    allowed.max_image_height = Some(limits.max_side);
    allowed.max_alloc = Some(limits.max_alloc);
    reader.limits(allowed);
    let mut decoder = reader.into_decoder().map_err(|e| told(header, &e))?;
    if decoder.dimensions() != (header.width, header.height) {
        return Err(malformed(header.format, "its headers contradict each other"));
    }
    let profile = match header.format {
        Format::Tiff => tiff::beside(bytes).0,
        _ => decoder.icc_profile().ok().flatten(),
    };
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|e| told(header, &e))?;
    Ok((image, orientation, profile))
}

/// What `image` calls the format; None for AVIF, and for PDF, which is no picture to take.
fn codec(format: Format) -> Option<image::ImageFormat> {
    Some(match format {
        Format::Jpeg => image::ImageFormat::Jpeg,
        Format::Png => image::ImageFormat::Png,
        Format::Webp => image::ImageFormat::WebP,
        Format::Gif => image::ImageFormat::Gif,
        Format::Bmp => image::ImageFormat::Bmp,
        Format::Tiff => image::ImageFormat::Tiff,
        Format::Avif | Format::Pdf => return None,
    })
}

pub(crate) fn eight_bit(image: &DynamicImage) -> DynamicImage {
    if image.color().has_alpha() {
        DynamicImage::ImageRgba8(image.to_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.to_rgb8())
    }
}

pub(crate) fn malformed(format: Format, detail: impl Into<String>) -> ImageError {
    Reason::Malformed { format, detail: detail.into() }.into()
}

/// Translates a codec's error; the codecs tell the end of the data as an I/O error or only in words.
fn told(header: &Header, error: &image::ImageError) -> ImageError {
    let format = header.format;
    let words = error.to_string();
    let lower = words.to_lowercase();
    let ended = matches!(error, image::ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof)
        || [
            "unexpected eof",
            "end of file",
            "failed to fill",
            "no more bytes",
            "exhausted",
            "end of data",
            "truncated",
        ]
        .iter()
        .any(|sign| lower.contains(sign));
    match error {
        _ if ended => Reason::Truncated { format }.into(),
        // The declared pixels were admitted: what asks for more than they need contradicts them.
        image::ImageError::Limits(_) => malformed(format, "decoding it would take more memory than its pixels need"),
        image::ImageError::Unsupported(_) => {
            Reason::UnsupportedFormat { found: words.chars().take(200).collect() }.into()
        }
        _ => malformed(format, words.chars().take(200).collect::<String>()),
    }
}
