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
pub(super) struct Folded {
    sharp: RgbImage,
    levels: Vec<Level>,
    /// Left, top, right, bottom of the picture on the canvas.
    inside: Bounds,
    softest: f32,
}

struct Level {
    width: usize,
    height: usize,
    /// Pixels of the level per pixel of the canvas, along each axis.
    scale: [f32; 2],
    rgb: Vec<[f32; 3]>,
}

impl Folded {
    pub(super) fn of(seen: &Visible, strips: &Strips, canvas: (u32, u32)) -> Result<Self, ImageError> {
        let (width, height) = seen.picture.dimensions();
        let sharp = spread(seen, strips, canvas);
        let softest = width.max(height) as f32 * SOFTEST;
        let (mut levels, mut sigma, mut reduced) = (vec![], LEVEL_SIGMA, None);
        while sigma < softest {
            let image = reduced.as_ref().unwrap_or(&sharp);
            let next = reduced_softly(image, image.width().div_ceil(2), image.height().div_ceil(2))?;
            levels.push(Level::of(&next, canvas));
            reduced = Some(next);
            sigma *= 2.0;
        }
        let [left, top] = [seen.at.0 as f32, seen.at.1 as f32];
        let inside = [left, top, left + width as f32, top + height as f32];
        Ok(Self { sharp, levels, inside, softest })
    }

    /// One row of the canvas.
    pub(super) fn row(&self, y: u32) -> Row<'_> {
        let away = beyond(y, self.inside[1], self.inside[3]);
        Row { folded: self, y, away, lines: self.levels.iter().map(|level| level.line(y)).collect() }
    }
}

/// A row of the canvas, with what each level has of it.
pub(super) struct Row<'a> {
    folded: &'a Folded,
    y: u32,
    /// Pixels above or below the picture.
    away: f32,
    lines: Vec<Line<'a>>,
}

impl Row<'_> {
    /// The colour beyond the edges; None within the picture.
    pub(super) fn at(&self, x: u32) -> Option<[f32; 3]> {
        let Folded { sharp, inside, softest, .. } = self.folded;
        let away = beyond(x, inside[0], inside[2]).hypot(self.away);
        if away <= 0.0 {
            return None;
        }
        let sharp = || sharp.get_pixel(x, self.y).0.map(f32::from);
        // Level 0 is the sharp one; each further one is twice as soft as the one before.
        let soft = (away * SOFTER).min(*softest) / (2.0 * LEVEL_SIGMA);
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
    fn of(image: &RgbImage, canvas: (u32, u32)) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut plane: Vec<f32> = image.as_raw().iter().map(|value| f32::from(*value)).collect();
        gaussian_of::<3>(&mut plane, width, height, [LEVEL_SIGMA; 2]);
        let scale = [width as f32 / canvas.0 as f32, height as f32 / canvas.1 as f32];
        Self { width, height, scale, rgb: plane.as_chunks::<3>().0.to_vec() }
    }

    fn line(&self, y: u32) -> Line<'_> {
        let (low, high, part) = between(y, self.scale[1], self.height);
        let row = |y: usize| &self.rgb[y * self.width..][..self.width];
        Line { upper: row(low), lower: row(high), part, scale: self.scale[0] }
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

/// A canvas with the picture at its place, and its strips folded over the rest.
fn spread(seen: &Visible, Strips([left, top, right, bottom]): &Strips, canvas: (u32, u32)) -> RgbImage {
    let picture = &seen.picture;
    let columns: Vec<u32> = (0..canvas.0).map(|x| fold(x, seen.at.0, picture.width(), *left, *right)).collect();
    let mut out = Vec::with_capacity(canvas.0 as usize * canvas.1 as usize * 3);
    for y in 0..canvas.1 {
        let from = fold(y, seen.at.1, picture.height(), *top, *bottom);
        columns.iter().for_each(|x| out.extend_from_slice(&picture.get_pixel(*x, from).0));
    }
    RgbImage::from_raw(canvas.0, canvas.1, out).unwrap_or_default()
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
