//! Pictures that go into a render.

use crate::{Pixels, RenderError};
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
