//! Starting noise of an image as a function of its seed alone: not of libtorch's version, the device or the batch.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::f64::consts::TAU;

/// `count` standard normal numbers for `seed`: ChaCha20 keyed by the seed, turned normal by Box and Muller's method.
#[must_use]
pub fn normal(seed: u64, count: usize) -> Vec<f32> {
    let mut uniform = Uniform::new(seed);
    let mut numbers = Vec::with_capacity(count + 1);
    while numbers.len() < count {
        let radius = (-2.0 * uniform.draw().ln()).sqrt();
        let (sin, cos) = (TAU * uniform.draw()).sin_cos();
        numbers.extend([(radius * cos) as f32, (radius * sin) as f32]);
    }
    numbers.truncate(count);
    numbers
}

/// Evenly spread numbers for a seed: ChaCha20 keyed by it.
pub(crate) struct Uniform(ChaCha20Rng);

impl Uniform {
    pub(crate) fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self(ChaCha20Rng::from_seed(key))
    }

    /// The next one, in (0, 1]: never 0, whose logarithm is not finite.
    pub(crate) fn draw(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_standard_normal() {
        let numbers = normal(7, 100_001);
        let count = numbers.len() as f64;
        let moment = |power| numbers.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / count;
        assert_eq!(numbers.len(), 100_001);
        assert!(moment(1).abs() < 0.02, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.15, "kurtosis {}", moment(4));
    }

    #[test]
    fn follows_the_seed_and_nothing_else() {
        assert_eq!(normal(1, 64), normal(1, 64));
        assert_eq!(normal(1, 8)[..], normal(1, 64)[..8]);
        assert_ne!(normal(1, 64), normal(2, 64));
    }

    /// A seed's image must survive upgrades: these numbers, from an independent ChaCha20 (RFC 8439), may not change.
    #[test]
    fn stays_what_it_was() {
        let expected = [0.392_406_3_f32, 0.327_996_5, 1.170_618, 0.932_573_3];
        for (number, pinned) in normal(3, 4).iter().zip(expected) {
            assert!((number - pinned).abs() < 1e-6, "{:?}", normal(3, 4));
        }
    }
}
