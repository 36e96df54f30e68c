//! A picture on a larger canvas, its edges continued softly.

use image::RgbImage;

use crate::background::{PlainBackground, distance};
use crate::blur::gaussian;
use crate::error::ImageError;
use crate::resize::resize_rgb;

/// The picture, scaled, with its corner at this place of the canvas; its edges are continued where it does not reach.
pub(super) fn lay(image: &RgbImage, scale: f32, corner: [f32; 2], canvas: (u32, u32)) -> Result<RgbImage, ImageError> {
    let side = |n: u32| ((n as f32 * scale).round() as u32).max(1);
    let scaled = resize_rgb(image, side(image.width()), side(image.height()))?;
    let (ox, oy) = (corner[0].round() as i64, corner[1].round() as i64);
    // The part of the scaled picture that is on the canvas.
    let span = |o: i64, n: u32, canvas: u32| (o.max(0), (o + i64::from(n)).min(i64::from(canvas)));
    let (x0, x1) = span(ox, scaled.width(), canvas.0);
    let (y0, y1) = span(oy, scaled.height(), canvas.1);
    let mut out = RgbImage::new(canvas.0, canvas.1);
    image::imageops::replace(&mut out, &scaled, ox, oy);
    // A seam hides best a hair inside the picture, where no resampling met its edge.
    if x0 == 0 && y0 == 0 && x1 == i64::from(canvas.0) && y1 == i64::from(canvas.1) {
        return Ok(out);
    }
    let edges = EdgeLines::of(&scaled, (x0 - ox, y0 - oy), (x1 - x0, y1 - y0));
    for (x, y, to) in out.enumerate_pixels_mut() {
        let (px, py) = (i64::from(x), i64::from(y));
        if px >= x0 && px < x1 && py >= y0 && py < y1 {
            continue;
        }
        to.0 = grain(edges.at(px - x0, py - y0), x, y);
    }
    Ok(out)
}

/// Rounds a colour with a dither of one level.
pub(crate) fn grain(colour: [f32; 3], x: u32, y: u32) -> [u8; 3] {
    let mut v = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    v = (v ^ (v >> 15)).wrapping_mul(0x2c1b_3c6d);
    v ^= v >> 13;
    let noise = (v & 0xffff) as f32 / 65_536.0 - 0.5;
    colour.map(|c| (c + noise).round().clamp(0.0, 255.0) as u8)
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
    fn of(image: &RgbImage, at: (i64, i64), size: (i64, i64)) -> Self {
        let model = PlainBackground::fit(image);
        let plain = model.is_plain();
        let (w, h) = image.dimensions();
        let pick = |x: i64, y: i64| {
            let (x, y) = ((at.0 + x) as u32, (at.1 + y) as u32);
            let here = image.get_pixel(x, y).0.map(f32::from);
            let behind = model.at(x, y, w, h);
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
