//! An invisible, blind, keyed watermark of 64 bits in the luma of a picture.
//!
//! Spread spectrum after I. J. Cox et al., "Secure spread spectrum watermarking for multimedia", IEEE Trans. Image
//! Process. 6(12), 1997: a tile of about a thousand weak plane waves is repeated over the picture. A part of the waves
//! is a known pattern, by which detectors find the tile again; the others carry payload, checksum and error correction.
//!
//! - The tile is a fixed share of the picture's longest side, so a resized picture is read as it is. A cropped one is
//!   found by trying the scales that a crop can have led to, and by phase correlation for the shift.
//! - The mark is as strong as the picture hides it. Pure white and pure black stay as they are, with the blocks of 8 × 8
//!   pixels round them.
//! - The embedder knows how the picture itself would be read and makes weak symbols stronger at the cost of strong ones
//!   (H. S. Malvar, D. A. F. Florêncio, "Improved spread spectrum", IEEE Trans. Signal Process. 51(4), 2003).
//!
//! Rotation, mirroring and uneven scaling are not searched for.

mod code;
mod layout;
mod mask;
mod residual;
mod search;
mod spectrum;

use cavendish_imaging::ImageError;
use cavendish_imaging::image::RgbImage;
use layout::{Layout, PILOTS};
use mask::Mask;
use residual::Residual;
pub use search::Detection;
use sha2::{Digest, Sha256};
use spectrum::{Place, SIDE, Transform, symbols};

/// What must be known to find a mark, and to make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a secret text.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl Default for Key {
    /// The key that every Cavendish knows: its marks can be read by anyone, and forged by anyone.
    fn default() -> Self {
        Self::new("cavendish watermark 1")
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// How far the gain of a symbol may be from the mean one.
const GAINS: std::ops::RangeInclusive<f32> = 0.3..=2.5;

/// Writes and finds the marks of one key.
pub struct Watermark {
    layout: Layout,
    transform: Transform,
}

impl Watermark {
    /// The marks of `key`.
    pub fn new(key: &Key) -> Self {
        Self { layout: Layout::new(key), transform: Transform::new() }
    }

    /// Sets `payload` into a picture, with a peak signal-to-noise ratio of 42 dB at least. The same picture, payload and
    /// key give the same pixels. A picture without room, such as an all white one, is left as it is.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub fn embed(&self, image: &mut RgbImage, payload: u64) -> Result<(), ImageError> {
        let before = self.read_unmoved(image)?;
        let mask = Mask::of(image);
        if mask.is_empty() {
            return Ok(());
        }
        let mut signs = vec![1.0; PILOTS];
        signs.extend(code::encode(payload));
        let mut trial = image.clone();
        self.add(&mut trial, &mask, &signs);
        let after = self.read_unmoved(&trial)?;
        let response =
            signs.iter().zip(before.iter().zip(&after)).map(|(sign, (before, after))| sign * (after - before));
        let response = (response.sum::<f32>() / signs.len() as f32).max(f32::MIN_POSITIVE);
        let gain =
            |(sign, before): (&f32, &f32)| sign * (1.0 - sign * before / response).clamp(*GAINS.start(), *GAINS.end());
        let amplitudes: Vec<f32> = signs.iter().zip(&before).map(gain).collect();
        self.add(image, &mask, &amplitudes);
        Ok(())
    }

    /// The strengths of all symbols where they are in a picture as it was made.
    fn read_unmoved(&self, image: &RgbImage) -> Result<Vec<f32>, ImageError> {
        let residual = Residual::of(image)?;
        let longest = image.width().max(image.height());
        let tile = residual.folded(samples(longest) / residual.longest() as f32);
        Ok(symbols(&self.transform.whitened(&tile), &self.layout, Place::UNMOVED))
    }

    fn add(&self, image: &mut RgbImage, mask: &Mask, amplitudes: &[f32]) {
        let tile = self.transform.tile(&self.layout, amplitudes);
        let (width, longest) = (image.width() as usize, image.width().max(image.height()));
        let step = samples(longest) / longest as f32;
        let columns: Vec<_> = (0..width).map(|x| between(x, step)).collect();
        for (y, pixels) in image.chunks_exact_mut(3 * width).enumerate() {
            let (above, below, v) = between(y, step);
            let (above, below) = (&tile[above * SIDE..][..SIDE], &tile[below * SIDE..][..SIDE]);
            for ((pixel, level), &(left, right, u)) in pixels.chunks_exact_mut(3).zip(mask.row(y, width)).zip(&columns)
            {
                if level > 0.0 {
                    let mix = |row: &[f32]| row[left] + (row[right] - row[left]) * u;
                    let wave = mix(above) + (mix(below) - mix(above)) * v;
                    pixel.iter_mut().for_each(|value| *value = (f32::from(*value) + level * wave).round() as u8);
                }
            }
        }
    }
}

impl std::fmt::Debug for Watermark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watermark(…)")
    }
}

/// How many samples of the tile the longest side of a picture of this many pixels has: small pictures have fewer, so that
/// a sample is never much less than a pixel.
fn samples(longest: u32) -> f32 {
    match longest {
        768.. => 1024.0,
        384.. => 512.0,
        _ => 256.0,
    }
}

/// The samples on both sides of a pixel's centre, and its share of the way between them.
fn between(at: usize, step: f32) -> (usize, usize, f32) {
    let place = (at as f32 + 0.5) * step - 0.5 + SIDE as f32;
    let first = place as usize;
    (first % SIDE, (first + 1) % SIDE, place - first as f32)
}
