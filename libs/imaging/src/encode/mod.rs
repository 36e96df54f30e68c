//! Encoding within a byte budget, with the colour tag and the marking of a generated image written in.

mod jpeg;
mod metadata;
mod png;
mod tiff;
mod webp;

use cavendish_specs::Format;
use image::RgbImage;

use crate::error::{ImageError, Reason};
pub use metadata::{Marking, Metadata};

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
    /// The quality that was used; None for PNG and TIFF.
    pub quality: Option<u8>,
}

/// Encodes a picture as the best file that fits `budget` bytes (None: any size), by bisection over the quality where the
/// format has one.
/// The same input gives the same bytes. White areas stay exactly (255, 255, 255) as JPEG and PNG; lossy WebP may be one
/// level off.
///
/// # Errors
/// [`Reason::BudgetUnreachable`] when even the least quality (or PNG and TIFF, which have none) is too large, so that the caller
/// can try the next format; [`Reason::CannotWrite`] for GIF and BMP; [`Reason::Codec`] when the codec fails.
pub fn encode(
    image: &RgbImage,
    format: Format,
    budget: Option<usize>,
    quality: Quality,
    metadata: &Metadata,
) -> Result<Encoded, ImageError> {
    if image.width() == 0 || image.height() == 0 {
        return Err(Reason::Invalid("a picture without pixels cannot be encoded".into()).into());
    }
    let budget = budget.unwrap_or(usize::MAX);
    let xmp = metadata.xmp();
    let (bytes, quality) = match format {
        Format::Png => (png::encode(image, metadata.dpi, xmp.as_deref(), budget)?, None),
        Format::Jpeg => {
            let (bytes, q) =
                search(quality, budget, |q, tight| jpeg::encode(image, q, tight, metadata.dpi, xmp.as_deref()))?;
            (bytes, Some(q))
        }
        Format::Webp => {
            let (bytes, q) = search(quality, budget, |q, _| webp::encode(image, q, xmp.as_deref()))?;
            (bytes, Some(q))
        }
        Format::Tiff => (tiff::encode(image, metadata.dpi, xmp.as_deref())?, None),
        other => return Err(Reason::CannotWrite(other).into()),
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
    make: impl Fn(u8, bool) -> Result<Vec<u8>, ImageError>,
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
