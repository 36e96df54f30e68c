//! A seamless sweep: wall and floor that run into each other, lit from one side, a pool of light behind the subject.

use serde::{Deserialize, Serialize};

/// A studio backdrop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backdrop {
    /// Colour of the wall, sRGB.
    pub wall: [u8; 3],
    /// Colour of the floor, sRGB.
    pub floor: [u8; 3],
    /// Height of the horizon as a share of the picture from its top, 0..1. None: behind the subject.
    pub horizon: Option<f32>,
    /// How soft the horizon is, as a share of the picture's height.
    pub softness: f32,
    /// Where the light comes from: −1 left, 0 above, 1 right.
    pub light: f32,
    /// How much brighter the pool of light behind the subject is, as a share.
    pub glow: f32,
    /// How much darker the corners are, as a share.
    pub vignette: f32,
    /// Seed of the dither that keeps the gradients free of bands.
    pub seed: u64,
}

impl Default for Backdrop {
    /// Light grey.
    fn default() -> Self {
        Self::light_grey()
    }
}

impl Backdrop {
    /// Pure (255, 255, 255), flat, as marketplaces ask for it.
    pub fn white() -> Self {
        let white = [255; 3];
        Self { wall: white, floor: white, glow: 0.0, vignette: 0.0, light: 0.0, ..Self::light_grey() }
    }

    /// A neutral light grey.
    pub fn light_grey() -> Self {
        Self {
            wall: [214, 215, 217],
            floor: [233, 233, 234],
            horizon: None,
            softness: 0.3,
            light: -0.5,
            glow: 0.1,
            vignette: 0.14,
            seed: 0,
        }
    }

    /// A warm sand.
    pub fn warm() -> Self {
        Self { wall: [222, 205, 186], floor: [238, 226, 210], ..Self::light_grey() }
    }

    /// A cool blue grey.
    pub fn cool() -> Self {
        Self { wall: [196, 208, 220], floor: [219, 228, 236], ..Self::light_grey() }
    }

    /// A studio in any colour, the floor a little lighter than the wall.
    pub fn of(colour: [u8; 3]) -> Self {
        let lighter = colour.map(|c| c + ((255 - u32::from(c)) * 28 / 100) as u8);
        Self { wall: colour, floor: lighter, ..Self::light_grey() }
    }

    /// The backdrop of this name: `white`, `light-grey`, `warm`, `cool`, or a colour as `#rrggbb`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "white" => Self::white(),
            "light-grey" => Self::light_grey(),
            "warm" => Self::warm(),
            "cool" => Self::cool(),
            _ => {
                let digits = name.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
                let value = u32::from_str_radix(digits, 16).ok()?;
                let [_, r, g, b] = value.to_be_bytes();
                Self::of([r, g, b])
            }
        })
    }

    /// Whether every pixel of the empty backdrop is (255, 255, 255).
    pub fn is_pure_white(&self) -> bool {
        self.wall == [255; 3] && self.floor == [255; 3] && self.vignette == 0.0
    }
}

/// A backdrop made ready for painting rows of one size.
pub(super) struct Light {
    rows: Vec<RowLight>,
    /// Per column: the pool's profile, the corner darkening, the falloff.
    columns: Vec<[f32; 3]>,
}

struct RowLight {
    base: [f32; 3],
    glow: f32,
    vignette: f32,
}

impl Light {
    /// `subject` is `[left, top, right, bottom]` in pixels; without one the pool of light is in the middle.
    pub(super) fn new(backdrop: &Backdrop, width: u32, height: u32, subject: Option<[f32; 4]>) -> Self {
        let (w, h) = (width as f32, height as f32);
        let box_ = subject.unwrap_or([w * 0.25, h * 0.3, w * 0.75, h * 0.75]);
        let (cx, cy) = ((box_[0] + box_[2]) / 2.0, (box_[1] + box_[3]) / 2.0);
        let reach = 0.62 * w.min(h).max((box_[2] - box_[0]).max(box_[3] - box_[1]));
        let horizon = backdrop.horizon.map_or(box_[1] + (box_[3] - box_[1]) * 0.42, |share| share * h);
        let soft = (backdrop.softness * h).max(1.0);
        let bell = |d: f32| (-(d / reach) * (d / reach)).exp();
        let corner = |i: f32, n: f32| ((i + 0.5) / n * 2.0 - 1.0).powi(2) * 0.5 * backdrop.vignette;
        let (wall, floor) = (backdrop.wall.map(f32::from), backdrop.floor.map(f32::from));
        let rows = (0..height).map(|y| {
            let y = y as f32;
            let t = ((y - horizon) / soft + 0.5).clamp(0.0, 1.0);
            let t = t * t * (3.0 - 2.0 * t);
            let base = std::array::from_fn(|k| wall[k] + (floor[k] - wall[k]) * t);
            // The pool hangs a little above the middle of the subject, as from a lamp over it.
            RowLight { base, glow: bell((y - cy + reach * 0.15) * 0.9) * backdrop.glow, vignette: corner(y, h) }
        });
        let columns = (0..width).map(|x| {
            let x = x as f32;
            let lean = cx + backdrop.light * 0.18 * reach;
            [bell(x - lean), corner(x, w), -backdrop.light * -0.05 * ((x + 0.5) / w * 2.0 - 1.0)]
        });
        Self { rows: rows.collect(), columns: columns.collect() }
    }

    pub(super) fn row(&self, y: u32) -> LitRow<'_> {
        LitRow { row: &self.rows[y as usize], columns: self.columns.iter() }
    }
}

/// The colours of one row, from left to right.
pub(super) struct LitRow<'a> {
    row: &'a RowLight,
    columns: std::slice::Iter<'a, [f32; 3]>,
}

impl LitRow<'_> {
    /// The next pixel's colour, levels, not yet rounded.
    pub(super) fn next_colour(&mut self) -> [f32; 3] {
        let [bell, corner, fall] = self.columns.next().copied().unwrap_or_default();
        let light = (1.0 + self.row.glow * bell + fall) * (1.0 - corner - self.row.vignette);
        // Highlights roll off below white, so that the pool has no burnt-out edge.
        self.row.base.map(|c| {
            let v = c * light;
            if v > 235.0 { 235.0 + 19.0 * (1.0 - (-(v - 235.0) / 19.0).exp()) } else { v }
        })
    }
}

/// Rounds a colour with a triangular dither of one level, the same for every channel of a pixel.
pub(super) fn dithered(colour: [f32; 3], x: u32, y: u32, seed: u64) -> [u8; 3] {
    let mut v = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b) ^ (seed as u32).wrapping_mul(0xc2b2_ae35);
    v = (v ^ (v >> 15)).wrapping_mul(0x2c1b_3c6d);
    v = (v ^ (v >> 12)).wrapping_mul(0x297a_2d39);
    v ^= v >> 15;
    let noise = (v & 0xffff) as f32 / 65_536.0 + (v >> 16) as f32 / 65_536.0 - 1.0;
    colour.map(|c| (c + noise * 0.8).round().clamp(0.0, 255.0) as u8)
}
