//! Which wave of the tile carries which symbol: the secret part, drawn from the key.

use super::Key;
use super::code;
use super::spectrum::SIDE;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rustfft::num_complex::Complex32;
use std::f32::consts::TAU;

/// Frequencies that carry the mark, in periods per tile. Lower ones drown in the picture and begin to show; higher ones
/// do not survive JPEG at half the size.
const BAND: std::ops::RangeInclusive<f32> = 6.0..=26.0;

/// Waves that carry the payload, two symbols each; all others are the known pattern that detectors find their way by.
const DATA_WAVES: usize = code::SYMBOLS * 5 / 2;

/// How many symbols the known pattern is made of; their signs are always positive.
pub(super) const PILOTS: usize = 60;

/// One plane wave of the tile, and its two symbols, in phase and in quadrature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wave {
    /// Periods per tile along x and y.
    pub(super) periods: (i32, i32),
    /// Its secret phase, of magnitude 1.
    pub(super) phase: Complex32,
    /// Indices of its symbols; the first [`PILOTS`] are known.
    pub(super) symbols: [usize; 2],
}

/// All waves of a key's tile.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) waves: Vec<Wave>,
}

impl Layout {
    /// The waves of `key`. Only the cipher's raw output is used, so that marks stay readable whatever becomes of
    /// libraries that shuffle.
    pub(super) fn new(key: &Key) -> Self {
        let mut random = ChaCha8Rng::from_seed(key.0);
        let mut periods = half_plane();
        shuffle(&mut periods, &mut random);
        let data = 2 * DATA_WAVES;
        let mut symbols: Vec<usize> = (0..data).map(|at| PILOTS + at % code::SYMBOLS).collect();
        shuffle(&mut symbols, &mut random);
        symbols.extend((data..2 * periods.len()).map(|at| at % PILOTS));
        let wave = |(&periods, symbols): (&(i32, i32), &[usize])| {
            let phase = Complex32::from_polar(1.0, random.next_u32() as f32 / u32::MAX as f32 * TAU);
            Wave { periods, phase, symbols: [symbols[0], symbols[1]] }
        };
        Self { waves: periods.iter().zip(symbols.chunks_exact(2)).map(wave).collect() }
    }

    /// The waves of the known pattern.
    pub(super) fn pilots(&self) -> &[Wave] {
        &self.waves[DATA_WAVES..]
    }
}

/// One of each pair of conjugate frequencies in the band.
fn half_plane() -> Vec<(i32, i32)> {
    let reach = SIDE as i32 / 2 - 1;
    let all = (0..=reach).flat_map(|ky| (-reach..=reach).map(move |kx| (kx, ky)));
    let first = |&(kx, ky): &(i32, i32)| ky > 0 || kx > 0;
    all.filter(first).filter(|&(kx, ky)| BAND.contains(&((kx * kx + ky * ky) as f32).sqrt())).collect()
}

/// Fisher–Yates.
fn shuffle<T>(items: &mut [T], random: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        let other = (u64::from(random.next_u32()) * (last as u64 + 1)) >> 32;
        items.swap(last, other as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_carried_by_several_waves_and_keys_differ() {
        let layout = Layout::new(&Key::default());
        let mut carried = vec![0; PILOTS + code::SYMBOLS];
        layout.waves.iter().flat_map(|wave| wave.symbols).for_each(|symbol| carried[symbol] += 1);
        assert!(carried.iter().all(|&times| times >= 5), "{carried:?}");
        let other = Layout::new(&Key::new("another"));
        assert_ne!(layout.waves[0].periods, other.waves[0].periods);
    }
}
