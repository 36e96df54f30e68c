//! Encoding within a byte budget, with the colour tag and the marking of a generated image written in.

mod avif;
mod jpeg;
mod metadata;
pub(crate) mod pdf;
mod png;
mod profile;
mod tiff;
mod webp;

use cavendish_specs::{Colour, Format};
use image::RgbImage;

use crate::error::{ImageError, Reason};
pub use metadata::{Marking, Metadata};
pub use profile::OutputProfile;

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

/// Encodes a picture as the best file that fits the target's budget, by bisection over the quality where the format has one.
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
    let chosen = |make: &dyn Fn(u8, bool) -> Result<Vec<u8>, ImageError>| {
        search(*quality, budget, make).map(|(bytes, quality)| (bytes, Some(quality)))
    };
    let (bytes, quality) = match format {
        Format::Jpeg => chosen(&|quality, tight| jpeg::encode(image, quality, tight, profile, dpi, xmp))?,
        Format::Webp => chosen(&|quality, _| webp::encode(image, quality, profile, xmp))?,
        Format::Avif => chosen(&|quality, tight| avif::encode(image, quality, tight, profile, xmp))?,
        Format::Png => (png::encode(image, profile, dpi, xmp, budget)?, None),
        Format::Tiff => (tiff::encode(image, profile, dpi, xmp)?, None),
        Format::Pdf => (pdf::encode(image, profile, dpi, metadata.bleed_mm.unwrap_or_default(), xmp)?, None),
        Format::Gif | Format::Bmp => return Err(Reason::CannotWrite(format).into()),
    };
    if bytes.len() > budget {
        return Err(Reason::BudgetUnreachable { format, best: bytes.len(), budget }.into());
    }
    Ok(Encoded { bytes, format, mime: format.mime(), quality })
}

/// The file of the highest quality within the budget, or the smallest file there is. `make` is told the quality and
/// whether bytes are worth more than time.
fn search(
    range: Quality,
    budget: usize,
    make: &dyn Fn(u8, bool) -> Result<Vec<u8>, ImageError>,
) -> Result<(Vec<u8>, u8), ImageError> {
    let (mut low, mut high) = (range.min.clamp(1, 100), range.max.clamp(1, 100));
    let first = make(high, false)?;
    if first.len() <= budget {
        return Ok((first, high));
    }
    let mut best = (make(low, true)?, low);
    if best.0.len() > budget {
        return Ok(best);
    }
    while high > low + 1 {
        let middle = low + (high - low) / 2;
        let bytes = make(middle, true)?;
        if bytes.len() <= budget {
            best = (bytes, middle);
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(best)
}
