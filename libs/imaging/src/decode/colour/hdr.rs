//! High dynamic range (ITU-R BT.2100), brought to what a screen shows: diffuse white stays white, and what is brighter is
//! pressed together above it.

use image::DynamicImage;

use super::cicp;
use super::profile::SRGB;
use super::rows::{Rounding, assemble, words};

/// Transfer characteristics: perceptual quantiser, and hybrid log-gamma.
const PQ: u32 = 16;
const HLG: u32 = 18;
/// Diffuse white, cd/m² (ITU-R BT.2408).
const WHITE: f32 = 203.0;
/// Peak of the screen that HLG is meant for, cd/m².
const HLG_PEAK: f32 = 1000.0;
/// Light up to this share of white is kept as it is.
const KNEE: f32 = 0.8;
/// Highlights of fewer pixels than one in so many may be clipped.
const RARE: usize = 1000;
/// About as many pixels are looked at for the brightest.
const LOOKED_AT: f64 = 200_000.0;

/// Whether a transfer is one of high dynamic range.
pub(super) fn is_hdr(transfer: u32) -> bool {
    matches!(transfer, PQ | HLG)
}

/// The picture, tone-mapped.
pub(super) fn mapped(image: &DynamicImage, primaries: u32, transfer: u32) -> DynamicImage {
    let way = Way::new(primaries, transfer);
    let peak = way.peak(image);
    let rounding = Rounding::of(image);
    assemble(image, |y, from, alpha, to| {
        for (x, pixel) in from.chunks_exact(4).enumerate() {
            let shown = way.light([pixel[0], pixel[1], pixel[2]]);
            let light = pressed(shown, peak).map(|v| (encoded(v) * 65_535.0 + 0.5) as u16);
            let place = x * if alpha { 4 } else { 3 };
            for channel in 0..3 {
                to[place + channel] = rounding.round(light[channel], x as u32, y);
            }
            if alpha {
                to[place + 3] = rounding.round(pixel[3], x as u32, y);
            }
        }
    })
}

struct Way {
    /// Light for every word, diffuse white being 1; of HLG, the scene's.
    curve: Vec<f32>,
    to_srgb: [[f32; 3]; 3],
    is_hlg: bool,
}

impl Way {
    fn new(primaries: u32, transfer: u32) -> Self {
        let is_hlg = transfer == HLG;
        let curve = (0..=u16::MAX).map(|word| {
            let v = f32::from(word) / 65_535.0;
            if is_hlg { hlg(v) } else { pq(v) * 10_000.0 / WHITE }
        });
        let from = cicp::chromaticities(primaries).unwrap_or(SRGB);
        Self { curve: curve.collect(), to_srgb: matrix(from), is_hlg }
    }

    /// Light of a pixel in the primaries of sRGB; parts of it are negative for what sRGB does not hold.
    fn light(&self, pixel: [u16; 3]) -> [f32; 3] {
        let mut own = pixel.map(|word| self.curve[usize::from(word)]);
        if self.is_hlg {
            let luminance = 0.2627 * own[0] + 0.678 * own[1] + 0.0593 * own[2];
            let system = luminance.max(1e-6).powf(0.2) * HLG_PEAK / WHITE;
            own = own.map(|v| v * system);
        }
        self.to_srgb.map(|row| row[0] * own[0] + row[1] * own[1] + row[2] * own[2])
    }

    /// The brightest light, as far as it is not rare; at least white.
    fn peak(&self, image: &DynamicImage) -> f32 {
        let apart = (f64::from(image.width()) * f64::from(image.height()) / LOOKED_AT).sqrt().max(1.0) as usize;
        let mut seen = vec![];
        for y in (0..image.height()).step_by(apart) {
            for pixel in words(image, y).chunks_exact(4).step_by(apart) {
                let light = self.light([pixel[0], pixel[1], pixel[2]]);
                seen.push(light.into_iter().fold(0.0, f32::max));
            }
        }
        seen.sort_by(f32::total_cmp);
        let at = seen.len().saturating_sub(1 + seen.len() / RARE);
        seen.get(at).copied().unwrap_or(1.0).max(1.0)
    }
}

/// Light within 0..=1; its hue is kept.
fn pressed(light: [f32; 3], peak: f32) -> [f32; 3] {
    let most = light.into_iter().fold(0.0, f32::max);
    if most <= KNEE || peak <= 1.0 {
        return light.map(|v| v.clamp(0.0, 1.0));
    }
    // Reinhard's extended curve above the knee: its slope is 1 there, and the peak comes to 1.
    let (above, top) = ((most - KNEE) / (1.0 - KNEE), (peak - KNEE) / (1.0 - KNEE));
    let kept = KNEE + (1.0 - KNEE) * (above * (1.0 + above / (top * top)) / (1.0 + above)).min(1.0);
    light.map(|v| (v * kept / most).clamp(0.0, 1.0))
}

/// SMPTE ST 2084: the share of 10,000 cd/m².
fn pq(v: f32) -> f32 {
    let (m1, m2) = (0.159_301_76_f64, 78.843_75_f64);
    let (c1, c2, c3) = (0.835_937_5_f64, 18.851_562_5_f64, 18.687_5_f64);
    let power = f64::from(v).powf(1.0 / m2);
    ((power - c1).max(0.0) / (c2 - c3 * power)).powf(1.0 / m1) as f32
}

/// ARIB STD-B67: the scene's light, 0..=1.
fn hlg(v: f32) -> f32 {
    let (a, b, c) = (0.178_832_77_f32, 0.284_668_92_f32, 0.559_910_7_f32);
    if v <= 0.5 { v * v / 3.0 } else { (((v - c) / a).exp() + b) / 12.0 }
}

/// The curve of sRGB.
fn encoded(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

type Matrix = [[f64; 3]; 3];

/// From light in these primaries to that in those of sRGB, white staying white.
fn matrix(from: [[f64; 2]; 4]) -> [[f32; 3]; 3] {
    product(inverse(to_xyz(SRGB)), to_xyz(from)).map(|row| row.map(|v| v as f32))
}

fn to_xyz([white, red, green, blue]: [[f64; 2]; 4]) -> Matrix {
    let xyz = |[x, y]: [f64; 2]| [x / y, 1.0, (1.0 - x - y) / y];
    let columns = [red, green, blue].map(xyz);
    let rows: Matrix = std::array::from_fn(|i| columns.map(|column| column[i]));
    let white = xyz(white);
    let shares = inverse(rows).map(|row| row[0] * white[0] + row[1] * white[1] + row[2] * white[2]);
    rows.map(|row| [row[0] * shares[0], row[1] * shares[1], row[2] * shares[2]])
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    a.map(|row| std::array::from_fn(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]))
}

fn inverse(m: Matrix) -> Matrix {
    let minor = |i: usize, j: usize| {
        let at = |i: usize, j: usize| m[i % 3][j % 3];
        at(i + 1, j + 1) * at(i + 2, j + 2) - at(i + 1, j + 2) * at(i + 2, j + 1)
    };
    let determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / determinant))
}
