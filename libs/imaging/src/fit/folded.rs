//! What lies beyond a picture's edges, as far as the picture itself can tell: the strips between its subject and its edges,
//! folded outward like a mirror, over and over, and the softer the farther out. At the edge nothing jumps, and what is far
//! reads as out of focus.

use image::RgbImage;

use crate::blur::gaussian_of;
use crate::error::ImageError;
use crate::fit::Bounds;
use crate::fit::render::Visible;
use crate::resize::reduced_softly;

/// Pixels of blur (sigma) per pixel from the edge.
const SOFTER: f32 = 0.3;
/// The strongest blur, as a share of the picture's longer side.
const SOFTEST: f32 = 0.16;
/// Blur of a level in its own pixels: enough to hide that they are coarse.
const LEVEL_SIGMA: f32 = 2.0;
/// Pixels of a level, at most.
const LEVEL_PIXELS: u64 = 1 << 22;
/// The narrowest strip that is folded, as a share of the picture's longer side.
const NARROWEST: f32 = 0.05;

/// How wide the strips are that are folded outward: left, top, right, bottom in pixels of the canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strips([u32; 4]);

impl Strips {
    /// Those beside a subject (on the canvas) and within what is seen of its picture.
    pub(super) fn beside(kept: Bounds, seen: &Visible) -> Self {
        let (at, size) = ([seen.at.0, seen.at.1], [seen.picture.width(), seen.picture.height()]);
        let least = (size[0].max(size[1]) as f32 * NARROWEST).ceil();
        let strip = |side: usize| {
            let (axis, from) = (side % 2, at[side % 2] as f32);
            let gap = if side < 2 { kept[side] - from } else { from + size[axis] as f32 - kept[side] };
            (gap.max(least) as u32).clamp(1, size[axis])
        };
        Self([strip(0), strip(1), strip(2), strip(3)])
    }
}

/// The folded canvas, at ever coarser sizes: each twice as soft as the one before.
pub(super) struct Folded<'a> {
    picture: &'a RgbImage,
    /// Where in the picture each column and each row of the canvas is taken from.
    from: [Vec<u32>; 2],
    levels: Vec<Level>,
    /// Left, top, right, bottom of the picture on the canvas.
    inside: Bounds,
    /// Blur of the first level, and the strongest there is, pixels of the canvas.
    first: f32,
    strongest: f32,
}

struct Level {
    width: usize,
    height: usize,
    /// Pixels of the level per pixel of the canvas.
    scale: f32,
    /// Three values for each pixel.
    rgb: Vec<f32>,
}

impl<'a> Folded<'a> {
    pub(super) fn of(seen: &'a Visible, strips: Strips, canvas: (u32, u32)) -> Result<Self, ImageError> {
        let (picture, (width, height)) = (&seen.picture, seen.picture.dimensions());
        let Strips([left, top, right, bottom]) = strips;
        let across = (0..canvas.0).map(|x| fold(x, seen.at.0, width, left, right)).collect();
        let down = (0..canvas.1).map(|y| fold(y, seen.at.1, height, top, bottom)).collect();
        let from = [across, down];
        // A large canvas begins with a coarser level: no more to the eye, and far less to hold.
        let pixels = |coarse: u32| u64::from(canvas.0.div_ceil(coarse)) * u64::from(canvas.1.div_ceil(coarse));
        let mut coarse = 2;
        while pixels(coarse) > LEVEL_PIXELS {
            coarse *= 2;
        }
        let (first, strongest) = (LEVEL_SIGMA * coarse as f32, width.max(height) as f32 * SOFTEST);
        let (mut levels, mut blur) = (vec![], first);
        while blur < 2.0 * strongest {
            levels.push(Level::of(picture, &from, coarse)?);
            (coarse, blur) = (coarse * 2, blur * 2.0);
        }
        let inside = [seen.at.0, seen.at.1, seen.at.0 + width, seen.at.1 + height].map(|side| side as f32);
        Ok(Self { picture, from, levels, inside, first, strongest })
    }

    /// One row of the canvas.
    pub(super) fn row(&self, y: u32) -> Row<'_> {
        let away = beyond(y, self.inside[1], self.inside[3]);
        let lines = self.levels.iter().map(|level| level.line(y)).collect();
        Row { folded: self, from: self.from[1][y as usize], away, lines }
    }
}

/// A row of the canvas, with what each level has of it.
pub(super) struct Row<'a> {
    folded: &'a Folded<'a>,
    /// The row of the picture that it is taken from.
    from: u32,
    /// Pixels above or below the picture.
    away: f32,
    lines: Vec<Line<'a>>,
}

impl Row<'_> {
    /// The colour beyond the edges; None within the picture.
    pub(super) fn at(&self, x: u32) -> Option<[f32; 3]> {
        let Folded { picture, from, inside, first, strongest, .. } = self.folded;
        let away = beyond(x, inside[0], inside[2]).hypot(self.away);
        if away <= 0.0 {
            return None;
        }
        let sharp = || picture.get_pixel(from[0][x as usize], self.from).0.map(f32::from);
        // Level 0 is the sharp one; each further one is twice as soft as the one before.
        let soft = (away * SOFTER).min(*strongest) / first;
        let level = if soft < 1.0 { soft } else { 1.0 + soft.log2() };
        let level = level.min(self.lines.len() as f32);
        let (low, part) = (level as usize, level.fract());
        let of = |level: usize| level.checked_sub(1).map_or_else(sharp, |at| self.lines[at].at(x));
        if part == 0.0 {
            return Some(of(low));
        }
        let (a, b) = (of(low), of(low + 1));
        Some(std::array::from_fn(|k| a[k] + (b[k] - a[k]) * part))
    }
}

impl Level {
    /// The canvas at one in `coarse` pixels each way, folded from the picture reduced so: its blur hides what that leaves
    /// out.
    fn of(picture: &RgbImage, from: &[Vec<u32>; 2], coarse: u32) -> Result<Self, ImageError> {
        let (width, height) = (picture.width().div_ceil(coarse), picture.height().div_ceil(coarse));
        let reduced = reduced_softly(picture, width, height)?;
        let middles = |from: &[u32], side: u32| -> Vec<u32> {
            let blocks = from.chunks(coarse as usize);
            blocks.map(|block| (block[block.len() / 2] / coarse).min(side - 1)).collect()
        };
        let (across, down) = (middles(&from[0], width), middles(&from[1], height));
        let mut rgb = Vec::with_capacity(across.len() * down.len() * 3);
        for y in &down {
            across.iter().for_each(|x| rgb.extend(reduced.get_pixel(*x, *y).0.map(f32::from)));
        }
        let (width, height) = (across.len(), down.len());
        gaussian_of::<3>(&mut rgb, width, height, [LEVEL_SIGMA; 2]);
        Ok(Self { width, height, scale: 1.0 / coarse as f32, rgb })
    }

    fn line(&self, y: u32) -> Line<'_> {
        let (low, high, part) = between(y, self.scale, self.height);
        let row = |y: usize| self.rgb[y * self.width * 3..][..self.width * 3].as_chunks::<3>().0;
        Line { upper: row(low), lower: row(high), part, scale: self.scale }
    }
}

/// A row of the canvas between two rows of a level.
struct Line<'a> {
    upper: &'a [[f32; 3]],
    lower: &'a [[f32; 3]],
    part: f32,
    scale: f32,
}

impl Line<'_> {
    fn at(&self, x: u32) -> [f32; 3] {
        let (low, high, part) = between(x, self.scale, self.upper.len());
        std::array::from_fn(|k| {
            let upper = self.upper[low][k] + (self.upper[high][k] - self.upper[low][k]) * part;
            let lower = self.lower[low][k] + (self.lower[high][k] - self.lower[low][k]) * part;
            upper + (lower - upper) * self.part
        })
    }
}

/// The two places of a coarser line between which a pixel lies, and how far it is from the first to the second.
fn between(at: u32, scale: f32, length: usize) -> (usize, usize, f32) {
    let place = ((at as f32 + 0.5) * scale - 0.5).clamp(0.0, (length - 1) as f32);
    (place as usize, (place as usize + 1).min(length - 1), place.fract())
}

/// How many pixels a pixel's middle lies beyond a line from `from` to `to`.
fn beyond(at: u32, from: f32, to: f32) -> f32 {
    let at = at as f32 + 0.5;
    (from - at).max(at - to).max(0.0)
}

/// Where in a line of `length`, which begins at `start`, a place of the canvas is taken from: `before` and `after` pixels at
/// its ends are folded outward, there and back again.
fn fold(at: u32, start: u32, length: u32, before: u32, after: u32) -> u32 {
    let back = |out: u32, strip: u32| {
        let there = out % (2 * strip);
        if there < strip { there } else { 2 * strip - 1 - there }
    };
    match at.checked_sub(start) {
        None => back(start - 1 - at, before),
        Some(inside) if inside < length => inside,
        Some(inside) => length - 1 - back(inside - length, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_are_folded_there_and_back_and_the_rest_is_itself() {
        let line: Vec<u32> = (0..16).map(|at| fold(at, 5, 6, 2, 3)).collect();
        assert_eq!(line, [0, 0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 5, 4, 3, 3, 4]);
        assert_eq!(fold(0, 0, 1, 1, 1), 0);
    }
}
