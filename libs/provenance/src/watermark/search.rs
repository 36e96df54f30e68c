//! Looking for a mark in a picture that may have been resized and cropped.

use super::residual::Residual;
use super::spectrum::{Place, symbols};
use super::{PILOTS, Watermark, code};
use cavendish_imaging::ImageError;
use cavendish_imaging::image::RgbImage;
use serde::Serialize;

/// How many samples of the tile the longest side may have had, the most usual first.
const SIZES: [f32; 3] = [1024.0, 512.0, 256.0];

/// The least share of the longest side that a crop may have left.
const LEAST_LEFT: f32 = 0.8;

/// Neighbouring scales that are tried differ by this share: the waves of the farthest tiles then stay in step.
const STEP: f32 = 0.003;

/// Standard deviations by which the known pattern must stand out for a mark to be believed.
const LEAST_SCORE: f32 = 5.0;

/// At most so many places are decoded per picture. Of pictures without a mark one in 2³² / this passes the checksum.
const MOST_DECODED: usize = 8;

/// A mark that was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Detection {
    /// What it says.
    pub payload: u64,
    /// By how many standard deviations it stands out from the picture; at least 5.
    pub score: f32,
    /// The share of the longest side that is left of the marked picture, 0.8..=1.
    pub left: f32,
}

struct Candidate {
    place: Place,
    left: f32,
    symbols: Vec<f32>,
}

impl Watermark {
    /// Looks for a mark of this key: first as [`Self::detect_whole`] does, then as if the picture had been cropped to 80 %
    /// of its longest side or more. None where there is none.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub fn detect(&self, image: &RgbImage) -> Result<Option<Detection>, ImageError> {
        let residual = Residual::of(image)?;
        Ok(self.whole(&residual).or_else(|| self.cropped(&residual)))
    }

    /// Looks for a mark in a picture that was not cropped; it may have been resized. Many times faster than
    /// [`Self::detect`] where there is none.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub fn detect_whole(&self, image: &RgbImage) -> Result<Option<Detection>, ImageError> {
        Ok(self.whole(&Residual::of(image)?))
    }

    fn whole(&self, residual: &Residual) -> Option<Detection> {
        first_readable(SIZES.iter().map(|&size| self.candidate(residual, size, 1.0)).collect())
    }

    fn cropped(&self, residual: &Residual) -> Option<Detection> {
        let scales = std::iter::successors(Some(1.0 / (1.0 + STEP)), |left| Some(left / (1.0 + STEP)));
        let scales = scales.take_while(|&left| left >= LEAST_LEFT);
        let candidates = scales.flat_map(|left| SIZES.map(|size| self.candidate(residual, size, left)));
        first_readable(candidates.collect())
    }

    fn candidate(&self, residual: &Residual, size: f32, left: f32) -> Candidate {
        let tile = residual.folded(size * left / residual.longest() as f32);
        let spectrum = self.transform.whitened(&tile);
        let place = self.transform.locate(&spectrum, &self.layout);
        Candidate { place, left, symbols: symbols(&spectrum, &self.layout, place) }
    }
}

/// The first of the clearest candidates that passes its checksum.
fn first_readable(mut candidates: Vec<Candidate>) -> Option<Detection> {
    candidates.retain(|candidate| candidate.place.score >= LEAST_SCORE);
    candidates.sort_by(|a, b| b.place.score.total_cmp(&a.place.score));
    candidates.iter().take(MOST_DECODED).find_map(|candidate| {
        let payload = code::decode(&candidate.symbols[PILOTS..])?;
        Some(Detection { payload, score: candidate.place.score, left: candidate.left })
    })
}
