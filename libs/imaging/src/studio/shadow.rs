//! The shadow that a subject throws on the floor it stands on, guessed from its outline.

use image::RgbaImage;
use serde::{Deserialize, Serialize};

use crate::blur::gaussian_of;

/// A soft shadow under a subject.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shadow {
    /// How dark, 0..1.
    pub strength: f32,
    /// How soft; 1 is usual, 0.5 harder, 2 softer.
    pub softness: f32,
}

impl Default for Shadow {
    fn default() -> Self {
        Self { strength: 0.75, softness: 1.0 }
    }
}

/// What a shadow depends on besides the subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lamp {
    /// Where the light comes from: −1 left, 0 above, 1 right.
    pub(super) from: f32,
    /// Whether the edge of the canvas has to stay pure white.
    pub(super) white: bool,
}

/// Longest side at which shadows are made; they are soft, and enlarging them costs nothing visible.
const LONGEST: f32 = 720.0;

/// The light that is missing at each place of the canvas.
pub(super) struct Shade {
    width: usize,
    height: usize,
    plane: Vec<f32>,
    canvas: (u32, u32),
}

impl Shade {
    /// The missing share of light along one row of the canvas, 0..1.
    pub(super) fn row(&self, y: u32) -> Vec<f32> {
        let along = |i: f32, n: usize, of: u32| ((i + 0.5) * n as f32 / of as f32 - 0.5).clamp(0.0, (n - 1) as f32);
        let fy = along(y as f32, self.height, self.canvas.1);
        let (y0, ty) = (fy as usize, fy.fract());
        let rows = [y0, (y0 + 1).min(self.height - 1)].map(|y| &self.plane[y * self.width..][..self.width]);
        let step = self.width as f32 / self.canvas.0 as f32;
        (0..self.canvas.0)
            .map(|x| {
                let fx = ((x as f32 + 0.5) * step - 0.5).clamp(0.0, (self.width - 1) as f32);
                let (x0, tx) = (fx as usize, fx.fract());
                let x1 = (x0 + 1).min(self.width - 1);
                let upper = rows[0][x0] + (rows[0][x1] - rows[0][x0]) * tx;
                let lower = rows[1][x0] + (rows[1][x1] - rows[1][x0]) * tx;
                upper + (lower - upper) * ty
            })
            .collect()
    }
}

/// The small canvas that shadows are made on.
struct Stage {
    width: usize,
    height: usize,
    /// The subject's opacity.
    solid: Vec<f32>,
    /// The subject's box.
    subject: [f32; 4],
}

/// How an outline becomes a shadow.
struct Cast {
    /// Horizontal and vertical scale, about the middle of the subject's foot.
    squeeze: (f32, f32),
    /// Way to the right and down, pixels.
    by: (f32, f32),
    /// The share of the subject's height, from its top, where the shadow begins to rise to its full depth at the foot.
    from: f32,
    /// Blur along each axis, pixels.
    sigma: (f32, f32),
}

/// Casts three shadows: a dark line of contact, the shade close by, and a wide one of the whole body.
pub(super) fn cast(
    layer: &RgbaImage,
    at: (i64, i64),
    subject: [f32; 4],
    canvas: (u32, u32),
    lamp: Lamp,
    shadow: &Shadow,
) -> Shade {
    let scale = (LONGEST / canvas.0.max(canvas.1) as f32).min(1.0);
    let stage = Stage::new(layer, at, subject, canvas, scale);
    let size = (subject[2] - subject[0]).max(subject[3] - subject[1]) * scale;
    let tall = (subject[3] - subject[1]) * scale;
    let soft = shadow.softness.clamp(0.1, 4.0);
    let aside = -lamp.from;
    let blur = |x: f32, y: f32| (x * size * soft, y * size * soft);
    // On white there is little room, and a shadow that met the edge would be cut: it stays under the subject.
    let narrow = if lamp.white { 0.84 } else { 0.95 };
    let contact = stage.layer(&Cast {
        squeeze: (0.995, 1.0),
        by: (aside * 0.003 * size, 0.006 * tall),
        from: 0.55,
        sigma: blur(0.007, 0.006),
    });
    let close = stage.layer(&Cast {
        squeeze: (0.97, 1.0),
        by: (aside * 0.012 * size, 0.022 * tall),
        from: 0.4,
        sigma: blur(0.026, 0.02),
    });
    let wide = stage.layer(&Cast {
        squeeze: (narrow, 0.55),
        by: (aside * 0.035 * size, 0.05 * tall),
        from: 0.1,
        sigma: blur(0.07, 0.045),
    });
    let strength = shadow.strength.clamp(0.0, 1.0);
    let mut plane: Vec<f32> = contact
        .iter()
        .zip(&close)
        .zip(&wide)
        .map(|((a, b), c)| strength * (1.0 - (1.0 - 0.5 * a) * (1.0 - 0.4 * b) * (1.0 - 0.36 * c)))
        .collect();
    if lamp.white {
        stage.fade(&mut plane);
    }
    Shade { width: stage.width, height: stage.height, plane, canvas }
}

impl Stage {
    fn new(layer: &RgbaImage, at: (i64, i64), subject: [f32; 4], canvas: (u32, u32), scale: f32) -> Self {
        let side = |n: u32| ((n as f32 * scale).round() as usize).max(2);
        let (width, height) = (side(canvas.0), side(canvas.1));
        let (sx, sy) = (canvas.0 as f32 / width as f32, canvas.1 as f32 / height as f32);
        let mut solid = vec![0.0; width * height];
        for (y, row) in solid.chunks_exact_mut(width).enumerate() {
            let ly = ((y as f32 + 0.5) * sy) as i64 - at.1;
            if !(0..i64::from(layer.height())).contains(&ly) {
                continue;
            }
            for (x, to) in row.iter_mut().enumerate() {
                let lx = ((x as f32 + 0.5) * sx) as i64 - at.0;
                if (0..i64::from(layer.width())).contains(&lx) {
                    *to = f32::from(layer.get_pixel(lx as u32, ly as u32).0[3]) / 255.0;
                }
            }
        }
        let subject = [subject[0] / sx, subject[1] / sy, subject[2] / sx, subject[3] / sy];
        Self { width, height, solid, subject }
    }

    /// The subject's lower part, squeezed, moved and blurred.
    fn layer(&self, cast: &Cast) -> Vec<f32> {
        let [left, top, right, foot] = self.subject;
        let (tall, middle) = ((foot - top).max(1.0), (left + right) / 2.0);
        let mut plane = vec![0.0; self.solid.len()];
        for (y, row) in plane.chunks_exact_mut(self.width).enumerate() {
            let source = foot + (y as f32 + 0.5 - cast.by.1 - foot) / cast.squeeze.1;
            let rise = (((source - top) / tall - cast.from) / (1.0 - cast.from)).clamp(0.0, 1.0);
            let source = source.floor();
            if source < 0.0 || source >= self.height as f32 || rise <= 0.0 {
                continue;
            }
            let line = &self.solid[source as usize * self.width..][..self.width];
            for (x, to) in row.iter_mut().enumerate() {
                let sx = (middle + (x as f32 + 0.5 - cast.by.0 - middle) / cast.squeeze.0).floor();
                if sx >= 0.0 && (sx as usize) < self.width {
                    *to = line[sx as usize] * rise;
                }
            }
        }
        gaussian_of::<1>(&mut plane, self.width, self.height, [cast.sigma.0, cast.sigma.1].map(|sigma| sigma.max(0.8)));
        plane
    }

    /// Lets the shade end before the edge of the canvas, so that the edge stays white.
    fn fade(&self, plane: &mut [f32]) {
        let reach = (self.width.min(self.height) as f32 * 0.07).max(4.0);
        for (i, v) in plane.iter_mut().enumerate() {
            let (x, y) = (i % self.width, i / self.width);
            let edge = x.min(y).min(self.width - 1 - x).min(self.height - 1 - y) as f32;
            let t = ((edge - reach * 0.35) / (reach * 0.65)).clamp(0.0, 1.0);
            *v *= t * t * (3.0 - 2.0 * t);
            if *v < 0.004 {
                *v = 0.0;
            }
        }
    }
}
