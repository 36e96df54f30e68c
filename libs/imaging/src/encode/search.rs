//! The best file within a number of bytes.

use image::RgbImage;

use super::Quality;
use crate::decode::{Limits, decode};
use crate::error::ImageError;
use crate::similarity::similarity;

/// How a file is made at a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Quickly, as the quality alone asks for it.
    Free,
    /// Bytes are worth more than time; colour at half of its resolution.
    Halved,
    /// Bytes are worth more than time; colour at all of its resolution.
    Whole,
}

impl Way {
    /// What is tried where bytes are scarce.
    pub(super) const TIGHT: [Self; 2] = [Self::Halved, Self::Whole];

    /// Whether colour has half of its resolution at this quality. Product edges are saturated colours on white: halved colour
    /// shows there first.
    pub(super) fn is_halved(self, quality: u8) -> bool {
        match self {
            Self::Free => quality < 85,
            Self::Halved => true,
            Self::Whole => false,
        }
    }

    /// Whether bytes are worth more than time.
    pub(super) fn is_tight(self) -> bool {
        self != Self::Free
    }
}

/// Makes a file at a quality.
pub(super) type Make<'a> = dyn Fn(u8, Way) -> Result<Vec<u8>, ImageError> + 'a;

/// A file that was found.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) quality: u8,
}

pub(super) struct Search<'a> {
    pub(super) image: &'a RgbImage,
    pub(super) quality: Quality,
    pub(super) budget: usize,
    pub(super) make: &'a Make<'a>,
}

impl Search<'_> {
    /// The file of the highest quality where that fits; else the one that looks most like the picture of those that these
    /// ways find, each of which takes more bytes than the one before; else the smallest there is.
    pub(super) fn best(&self, ways: &[Way]) -> Result<Found, ImageError> {
        let highest = self.quality.max.clamp(1, 100);
        let first = (self.make)(highest, Way::Free)?;
        if first.len() <= self.budget {
            return Ok(Found { bytes: first, quality: highest });
        }
        let mut best = Found { bytes: first, quality: highest };
        for (at, way) in ways.iter().enumerate() {
            let found = self.bisect(*way)?;
            let fits = found.bytes.len() <= self.budget;
            if at == 0 || fits && self.likeness(&found.bytes) > self.likeness(&best.bytes) {
                best = found;
            }
            if !fits {
                break;
            }
        }
        Ok(best)
    }

    /// The highest quality that fits, or the least one.
    fn bisect(&self, way: Way) -> Result<Found, ImageError> {
        let (mut low, mut high) = (self.quality.min.clamp(1, 100), self.quality.max.clamp(1, 100));
        let mut best = Found { bytes: (self.make)(low, way)?, quality: low };
        while best.bytes.len() <= self.budget && high > low + 1 {
            let middle = low + (high - low) / 2;
            let bytes = (self.make)(middle, way)?;
            match bytes.len() <= self.budget {
                true => (best, low) = (Found { bytes, quality: middle }, middle),
                false => high = middle,
            }
        }
        Ok(best)
    }

    fn likeness(&self, file: &[u8]) -> f64 {
        decode(file, &Limits::default()).map_or(0.0, |decoded| similarity(self.image, &decoded.to_rgb()))
    }
}
