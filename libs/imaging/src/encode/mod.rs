//! Encoding within a byte budget, with the colour tag and the marking of a generated image written in.

mod avif;
mod jpeg;
mod metadata;
pub(crate) mod pdf;
mod png;
mod profile;
mod search;
mod tiff;
mod webp;

use cavendish_specs::{Colour, Format};
use image::RgbImage;

use crate::error::{ImageError, Reason};
pub use metadata::{Marking, Metadata};
pub use profile::OutputProfile;
use search::{Make, Search, Way};
pub use webp::transparent_webp;

/// The quality to start at and the quality not to go below, 1..100. PNG has no quality and ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// Least acceptable.
    pub min: u8,
    /// Tried first.
    pub max: u8,
}

impl Default for Quality {
    /// 60 to 92: from visibly compressed to as good as the original.
    fn default() -> Self {
        Self { min: 60, max: 92 }
    }
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// Its MIME type.
    pub mime: &'static str,
    /// The quality that was used; None for PNG, TIFF and PDF.
    pub quality: Option<u8>,
}

/// What file a picture becomes.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its format.
    pub format: Format,
    /// Its bytes, at most; None: any size.
    pub budget: Option<usize>,
    /// The range of its quality.
    pub quality: Quality,
    /// Its colours.
    pub profile: OutputProfile,
}

impl Target {
    /// A file of this format, of any size, at the usual quality, in sRGB.
    pub fn of(format: Format) -> Self {
        Self { format, budget: None, quality: Quality::default(), profile: OutputProfile::srgb() }
    }

    /// The same within so many bytes.
    #[must_use]
    pub fn within(self, budget: Option<usize>) -> Self {
        Self { budget, ..self }
    }

    /// The same at a quality within this range.
    #[must_use]
    pub fn at(self, quality: Quality) -> Self {
        Self { quality, ..self }
    }
}

/// Encodes a picture as the best file that fits the target's budget. Where the format has a quality and the highest one does not
/// fit, the highest that does is looked for with colour at half and at all of its resolution, and the file that looks more like
/// the picture is taken ([`crate::similarity`]).
/// The same input gives the same bytes. White areas stay exactly (255, 255, 255) as JPEG and PNG; lossy WebP and AVIF may be
/// one level off.
///
/// # Errors
/// [`Reason::BudgetUnreachable`] when even the least quality (or PNG, TIFF and PDF, which have none) is too large, so that the
/// caller can try the next format; [`Reason::CannotWrite`] for GIF and BMP; [`Reason::Invalid`] for CMYK as anything but TIFF
/// and PDF; [`Reason::Codec`] when the codec fails.
pub fn encode(image: &RgbImage, target: &Target, metadata: &Metadata) -> Result<Encoded, ImageError> {
    let Target { format, quality, profile, .. } = target;
    let format = *format;
    if image.width() == 0 || image.height() == 0 {
        return Err(Reason::Invalid("a picture without pixels cannot be encoded".into()).into());
    }
    if profile.colour() == Colour::Cmyk && !format.holds_cmyk() {
        return Err(Reason::Invalid(format!("{} is not written in CMYK; TIFF and PDF are", format.mime())).into());
    }
    let budget = target.budget.unwrap_or(usize::MAX);
    let (dpi, packet) = (metadata.dpi, metadata.xmp());
    let xmp = packet.as_deref();
    let chosen = |ways: &[Way], make: &Make<'_>| {
        let found = Search { image, quality: *quality, budget, make }.best(ways)?;
        Ok::<_, ImageError>((found.bytes, Some(found.quality)))
    };
    let (bytes, quality) = match format {
        Format::Jpeg => chosen(&Way::TIGHT, &|quality, way| jpeg::encode(image, quality, way, profile, dpi, xmp))?,
        Format::Webp => chosen(&[Way::Halved], &|quality, _| webp::encode(image, quality, profile, xmp))?,
        Format::Avif => chosen(&Way::TIGHT, &|quality, way| avif::encode(image, quality, way, profile, xmp))?,
        Format::Png => (png::encode(image, profile, dpi, xmp, budget)?, None),
        Format::Tiff => (tiff::encode(image, profile, dpi, xmp)?, None),
        Format::Pdf => (pdf::encode(image, profile, dpi, metadata.bleed_mm.unwrap_or_default(), xmp)?, None),
        Format::Gif | Format::Bmp | Format::Heic => return Err(Reason::CannotWrite(format).into()),
    };
    if bytes.len() > budget {
        return Err(Reason::BudgetUnreachable { format, best: bytes.len(), budget }.into());
    }
    Ok(Encoded { bytes, format, mime: format.mime(), quality })
}
