//! Pictures that go into a render.

use crate::{Pixels, PixelsAlpha, RenderError};
use std::fmt;
use std::sync::Arc;

/// A picture of something that is to be in the image.
#[derive(Clone, PartialEq)]
pub struct Reference {
    /// Names these pixels for good, so that what the model made of them can be kept: a digest, never a counter.
    pub key: String,
    /// The picture.
    pub pixels: Arc<Pixels>,
}

/// What the references of subjects stand on, in all channels: mid grey.
const REFERENCE_GROUND: u8 = 128;
/// Share of the square that the larger side of a reference's subject takes.
const REFERENCE_FILL: f32 = 0.92;

impl Reference {
    /// A subject that is cut out and cropped to itself, in the middle of a neutral square: as the default model was
    /// trained to see its references.
    #[must_use]
    pub fn of_subject(key: String, subject: &PixelsAlpha) -> Self {
        let (width, height) = (subject.width, subject.height);
        let side = (width.max(height) as f32 / REFERENCE_FILL).ceil().max(1.0) as u32;
        let (left, top) = ((side - width) / 2, (side - height) / 2);
        let mut rgb = vec![REFERENCE_GROUND; side as usize * side as usize * 3];
        for (index, pixel) in subject.rgba.chunks_exact(4).take((width * height) as usize).enumerate() {
            let (x, y) = (left + index as u32 % width, top + index as u32 / width);
            let at = (y as usize * side as usize + x as usize) * 3;
            for channel in 0..3 {
                let (own, alpha) = (u32::from(pixel[channel]), u32::from(pixel[3]));
                rgb[at + channel] = ((own * alpha + u32::from(REFERENCE_GROUND) * (255 - alpha) + 127) / 255) as u8;
            }
        }
        Self { key, pixels: Arc::new(Pixels { width: side, height: side, rgb }) }
    }
}

/// A picture to start from.
#[derive(Clone, PartialEq)]
pub struct Edit {
    /// Where the image starts; brought to the size that is drawn.
    pub source: Arc<Pixels>,
    /// What is drawn anew: one byte per pixel of `source`, 255 for new, 0 for kept. `None` lets all of it change.
    pub mask: Option<Arc<Vec<u8>>>,
    /// How far it may go from the source, above 0 (not at all) to 1 (starting from noise).
    pub strength: f64,
}

impl Edit {
    pub(crate) fn check(&self) -> Result<(), RenderError> {
        let invalid = |field, reason: String| Err(RenderError::Invalid { field, reason });
        if !self.source.is_whole() {
            return invalid("edit.source", "the picture is empty or lacks bytes".into());
        }
        if !(self.strength > 0.0 && self.strength <= 1.0) {
            return invalid("edit.strength", format!("{} is not above 0 and up to 1", self.strength));
        }
        let wanted = self.source.rgb.len() / 3;
        match &self.mask {
            Some(mask) if mask.len() != wanted => {
                invalid("edit.mask", format!("has {} bytes, the picture {wanted} pixels", mask.len()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({}, {} × {})", self.key, self.pixels.width, self.pixels.height)
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = if self.mask.is_some() { "masked, " } else { "" };
        write!(f, "Edit({} × {}, {masked}strength {})", self.source.width, self.source.height, self.strength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_named() {
        let picture = Arc::new(Pixels { width: 1, height: 1, rgb: vec![0; 3] });
        let edit = |mask: usize, strength| Edit {
            source: Arc::clone(&picture),
            mask: Some(Arc::new(vec![0; mask])),
            strength,
        };
        let field = |edit: Edit| match edit.check() {
            Err(RenderError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (field(edit(2, 1.0)), field(edit(1, 0.0)), field(edit(1, 1.5))),
            ("edit.mask", "edit.strength", "edit.strength")
        );
    }
}
