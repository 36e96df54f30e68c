//! The tile and its Fourier transform: how waves are written, and how they are read.

use super::code;
use super::layout::{Layout, PILOTS, Wave};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::f32::consts::TAU;
use std::sync::Arc;

/// Samples along a side of the tile.
pub(super) const SIDE: usize = 128;

/// Transforms of tiles, both ways, not scaled.
pub(super) struct Transform {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
}

impl Transform {
    pub(super) fn new() -> Self {
        let mut planner = FftPlanner::new();
        Self { forward: planner.plan_fft_forward(SIDE), inverse: planner.plan_fft_inverse(SIDE) }
    }

    /// The tile of these symbols' amplitudes, of mean square 1.
    pub(super) fn tile(&self, layout: &Layout, amplitudes: &[f32]) -> Vec<f32> {
        let mut spectrum = vec![Complex32::default(); SIDE * SIDE];
        for wave in &layout.waves {
            let [i, q] = wave.symbols.map(|symbol| amplitudes[symbol]);
            set(&mut spectrum, wave, wave.phase * Complex32::new(i, q));
        }
        two_way(&*self.inverse, &mut spectrum);
        let power = spectrum.iter().map(|value| value.re * value.re).sum::<f32>() / spectrum.len() as f32;
        spectrum.iter().map(|value| value.re / power.sqrt().max(f32::MIN_POSITIVE)).collect()
    }

    /// The spectrum of a tile, every ring of it brought to mean square 1: pictures have far more in their low frequencies.
    pub(super) fn whitened(&self, tile: &[f32]) -> Vec<Complex32> {
        let mut spectrum: Vec<_> = tile.iter().map(|&value| Complex32::new(value, 0.0)).collect();
        two_way(&*self.forward, &mut spectrum);
        let mut rings = [(0.0f32, 0u32); SIDE];
        for (value, ring) in spectrum.iter().zip(rings_of_bins()) {
            rings[ring].0 += value.norm_sqr();
            rings[ring].1 += 1;
        }
        let scale = rings.map(|(power, bins)| if power > 0.0 { (bins as f32 / power).sqrt() } else { 0.0 });
        spectrum.iter_mut().zip(rings_of_bins()).for_each(|(value, ring)| *value *= scale[ring]);
        spectrum
    }

    /// Where the known pattern lies in a whitened spectrum, and how far that place stands out, in standard deviations of
    /// all places (phase correlation: C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method", 1975).
    pub(super) fn locate(&self, spectrum: &[Complex32], layout: &Layout) -> Place {
        let mut product = vec![Complex32::default(); SIDE * SIDE];
        for wave in layout.pilots() {
            let known = wave.phase * Complex32::new(1.0, 1.0);
            set(&mut product, wave, spectrum[bin(wave.periods)] * known.conj());
        }
        two_way(&*self.inverse, &mut product);
        let best = (0..product.len()).max_by(|&a, &b| product[a].re.total_cmp(&product[b].re)).unwrap_or_default();
        let power = product.iter().map(|value| value.re * value.re).sum::<f32>() / product.len() as f32;
        let at = |x: usize, y: usize| product[y % SIDE * SIDE + x % SIDE].re;
        let (x, y) = (best % SIDE, best / SIDE);
        let peak = at(x, y);
        Place {
            x: x as f32 + between(at(x + SIDE - 1, y), peak, at(x + 1, y)),
            y: y as f32 + between(at(x, y + SIDE - 1), peak, at(x, y + 1)),
            score: peak / power.sqrt().max(f32::MIN_POSITIVE),
        }
    }
}

/// Where a tile begins, in samples, and how clearly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) score: f32,
}

impl Place {
    /// Where the mark lies in a picture that nobody moved.
    pub(super) const UNMOVED: Self = Self { x: 0.0, y: 0.0, score: 0.0 };
}

/// The strength of every symbol, pilots first, in the spectrum of a tile that begins at `place`.
pub(super) fn symbols(spectrum: &[Complex32], layout: &Layout, place: Place) -> Vec<f32> {
    let mut strengths = vec![0.0; PILOTS + code::SYMBOLS];
    for wave in &layout.waves {
        let (kx, ky) = wave.periods;
        let moved = TAU * (kx as f32 * place.x + ky as f32 * place.y) / SIDE as f32;
        let value = spectrum[bin(wave.periods)] * wave.phase.conj() * Complex32::from_polar(1.0, moved);
        strengths[wave.symbols[0]] += value.re;
        strengths[wave.symbols[1]] += value.im;
    }
    strengths
}

/// The top of the parabola through three neighbours, −0.5..0.5 from the middle one.
fn between(before: f32, peak: f32, after: f32) -> f32 {
    let bend = before - 2.0 * peak + after;
    if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
}

fn bin((kx, ky): (i32, i32)) -> usize {
    let side = SIDE as i32;
    (ky.rem_euclid(side) * side + kx.rem_euclid(side)) as usize
}

/// Writes a wave and its conjugate, so that the tile is real.
fn set(spectrum: &mut [Complex32], wave: &Wave, value: Complex32) {
    let (kx, ky) = wave.periods;
    spectrum[bin((kx, ky))] = value;
    spectrum[bin((-kx, -ky))] = value.conj();
}

/// The distance of every bin from frequency zero, in bins.
fn rings_of_bins() -> impl Iterator<Item = usize> {
    let signed = |k: usize| k.min(SIDE - k) as f32;
    (0..SIDE * SIDE).map(move |at| signed(at % SIDE).hypot(signed(at / SIDE)).round() as usize)
}

/// The rows, then the columns.
fn two_way(fft: &dyn Fft<f32>, plane: &mut [Complex32]) {
    for _ in 0..2 {
        fft.process(plane);
        for y in 0..SIDE {
            for x in 0..y {
                plane.swap(y * SIDE + x, x * SIDE + y);
            }
        }
    }
}
