//! A picture on a larger canvas, its edges continued softly.

use image::RgbImage;

use crate::background::{PlainBackground, distance};
use crate::blur::gaussian;
use crate::error::{ImageError, Reason};
use crate::fit::render::{Render, Visible};

/// The picture, scaled, with its corner at this place of the canvas; its edges are continued where it does not reach.
pub(super) fn lay(
    render: &Render<'_>,
    scale: f32,
    corner: [f32; 2],
    canvas: (u32, u32),
) -> Result<RgbImage, ImageError> {
    let Some(seen) = render.visible(scale, corner, canvas)? else {
        return Err(Reason::Invalid("nothing of the picture lies on its canvas".into()).into());
    };
    let (width, height) = seen.picture.dimensions();
    if (width, height) == canvas {
        return Ok(seen.picture);
    }
    let edges = EdgeLines::of(&seen, render.backdrop());
    let mut out = RgbImage::new(canvas.0, canvas.1);
    for (x, y, to) in out.enumerate_pixels_mut() {
        let (px, py) = (i64::from(x) - i64::from(seen.at.0), i64::from(y) - i64::from(seen.at.1));
        let outside = px < 0 || py < 0 || px >= i64::from(width) || py >= i64::from(height);
        if outside {
            to.0 = grain(edges.at(px, py), x, y);
        }
    }
    put(&mut out, &seen);
    Ok(out)
}

/// Copies what is seen of a picture to its place.
pub(crate) fn put(canvas: &mut RgbImage, seen: &Visible) {
    let (canvas_row, row) = (canvas.width() as usize * 3, seen.picture.width() as usize * 3);
    let start = seen.at.1 as usize * canvas_row + seen.at.0 as usize * 3;
    let canvas: &mut [u8] = canvas;
    for (n, line) in seen.picture.as_raw().chunks_exact(row).enumerate() {
        let at = start + n * canvas_row;
        canvas[at..at + row].copy_from_slice(line);
    }
}

/// Rounds a colour with a dither of one level.
pub(crate) fn grain(colour: [f32; 3], x: u32, y: u32) -> [u8; 3] {
    let mut v = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    v = (v ^ (v >> 15)).wrapping_mul(0x2c1b_3c6d);
    v ^= v >> 13;
    let noise = (v & 0xffff) as f32 / 65_536.0 - 0.5;
    // The cast cuts what is below 0 and above 255; `round` is a call on processors without SSE 4.1.
    colour.map(|c| (c + noise + 0.5) as u8)
}

/// The colours along the four edges of a picture, at three degrees of smoothness: the farther from the picture, the
/// smoother its continuation, so that no streaks grow out of its grain.
struct EdgeLines {
    size: [i64; 2],
    /// Top, bottom, left, right; each three smoothnesses.
    lines: [[Vec<[f32; 3]>; 3]; 4],
    reach: f32,
}

impl EdgeLines {
    fn of(seen: &Visible, model: &PlainBackground) -> Self {
        let plain = model.is_plain();
        let size = (i64::from(seen.picture.width()), i64::from(seen.picture.height()));
        let pick = |x: i64, y: i64| {
            let (x, y) = (x as u32, y as u32);
            let here = seen.picture.get_pixel(x, y).0.map(f32::from);
            let behind = model.at(seen.within.0 + x, seen.within.1 + y, seen.of.0, seen.of.1);
            // What is not backdrop, such as a subject at the edge, is not continued.
            if plain && distance(here, behind) > 20.0 { behind } else { here }
        };
        let longest = size.0.max(size.1) as f32;
        let across = |y: i64| (0..size.0).map(|x| pick(x, y)).collect::<Vec<_>>();
        let along = |x: i64| (0..size.1).map(|y| pick(x, y)).collect::<Vec<_>>();
        let lines = [across(0), across(size.1 - 1), along(0), along(size.0 - 1)]
            .map(|line| [0.004, 0.02, 0.08].map(|share| smoothed(&line, share * longest)));
        Self { size: [size.0, size.1], lines, reach: longest * 0.12 }
    }

    /// The colour outside the picture at this place, from its corner on.
    fn at(&self, x: i64, y: i64) -> [f32; 3] {
        let outside = |v: i64, n: i64| if v < 0 { -v } else { (v - n + 1).max(0) };
        let (dx, dy) = (outside(x, self.size[0]) as f32, outside(y, self.size[1]) as f32);
        let (cx, cy) = (x.clamp(0, self.size[0] - 1) as usize, y.clamp(0, self.size[1] - 1) as usize);
        let horizontal = self.line(if y < 0 { 0 } else { 1 }, cx, dy);
        let vertical = self.line(if x < 0 { 2 } else { 3 }, cy, dx);
        match (dx > 0.0, dy > 0.0) {
            (false, _) => horizontal,
            (true, false) => vertical,
            (true, true) => {
                let t = dx / (dx + dy);
                std::array::from_fn(|k| horizontal[k] * (1.0 - t) + vertical[k] * t)
            }
        }
    }

    fn line(&self, edge: usize, i: usize, away: f32) -> [f32; 3] {
        let level = (away / self.reach).clamp(0.0, 1.0) * 2.0;
        let (low, t) = ((level as usize).min(1), level - (level as usize).min(1) as f32);
        let (a, b) = (self.lines[edge][low][i], self.lines[edge][low + 1][i]);
        std::array::from_fn(|k| a[k] + (b[k] - a[k]) * t)
    }
}

fn smoothed(line: &[[f32; 3]], sigma: f32) -> Vec<[f32; 3]> {
    let planes: [Vec<f32>; 3] = std::array::from_fn(|k| {
        let mut plane: Vec<f32> = line.iter().map(|c| c[k]).collect();
        gaussian(&mut plane, line.len(), 1, sigma);
        plane
    });
    (0..line.len()).map(|i| std::array::from_fn(|k| planes[k][i])).collect()
}
