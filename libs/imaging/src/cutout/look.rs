//! What a network is asked to look at, and what it saw, in the picture's own places.

use image::{Rgb, RgbImage};

use crate::error::ImageError;
use crate::resize::{reduced_softly, resize_part};

/// Sides in pixels of what networks look at: what they were trained at, and one that shows them less detail and more of the
/// whole.
const SIDES: [u32; 2] = [320, 224];
/// Room that is added round the picture for one look, as a share of its sides: subjects that fill it become whole things.
const AROUND: f64 = 0.2;

/// How much each pixel of a look stands out, as a network sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saliency {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height` values, row-major; 255 stands out.
    pub values: Vec<u8>,
}

/// A part of a picture, or more than it, that is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Left, top, width and height in pixels of the picture; what lies beyond the picture continues its edge.
    part: [f64; 4],
    /// Of what the network is shown, pixels.
    side: u32,
}

impl Look {
    /// The first looks at a picture: all of it, and all of it with less detail.
    pub(super) fn first(size: (u32, u32)) -> [Self; 2] {
        let [w, h] = [size.0, size.1].map(f64::from);
        SIDES.map(|side| Self { part: [0.0, 0.0, w, h], side })
    }

    /// A look at all of a picture with room round it.
    pub(super) fn around(size: (u32, u32)) -> Self {
        let [w, h] = [size.0, size.1].map(f64::from);
        Self { part: [-AROUND * w, -AROUND * h, (1.0 + 2.0 * AROUND) * w, (1.0 + 2.0 * AROUND) * h], side: SIDES[0] }
    }

    /// A look at a part: left, top, width and height in pixels.
    pub(super) fn at(part: [u32; 4]) -> Self {
        Self { part: part.map(f64::from), side: SIDES[0] }
    }

    /// What the network is shown.
    pub(super) fn image(&self, picture: &RgbImage) -> Result<RgbImage, ImageError> {
        let [w, h] = [picture.width(), picture.height()].map(f64::from);
        let [left, top, width, height] = self.part;
        let scale = [f64::from(self.side) / width, f64::from(self.side) / height];
        let (x0, y0) = (left.max(0.0), top.max(0.0));
        let (x1, y1) = ((left + width).min(w), (top + height).min(h));
        let inner = [(x1 - x0) * scale[0], (y1 - y0) * scale[1]].map(|side| (side.round() as u32).clamp(1, self.side));
        let small = if [x0, y0, x1, y1] == [0.0, 0.0, w, h] {
            reduced_softly(picture, inner[0], inner[1])?
        } else {
            resize_part(picture, [x0, y0, x1 - x0, y1 - y0], inner)?
        };
        let (left, top) = ((x0 - left) * scale[0], (y0 - top) * scale[1]);
        let near =
            |at: u32, start: f64, of: u32| (i64::from(at) - start.round() as i64).clamp(0, i64::from(of) - 1) as u32;
        Ok(RgbImage::from_fn(self.side, self.side, |x, y| -> Rgb<u8> {
            *small.get_pixel(near(x, left, inner[0]), near(y, top, inner[1]))
        }))
    }

    /// What was seen, over a part of the picture (left, top, width, height in pixels) at `size`; 0 where it was not looked.
    pub(super) fn seen(&self, saliency: &Saliency, part: [u32; 4], size: (u32, u32)) -> Vec<f32> {
        let spread = Spread::of(saliency);
        let [left, top, width, height] = self.part;
        let along = |i: u32, of: u32, start: u32, length: u32, from: f64, over: f64, cells: u32| {
            let place = (f64::from(i) + 0.5) / f64::from(of) * f64::from(length) + f64::from(start);
            let at = (place - from) / over * f64::from(cells) - 0.5;
            (at > -1.0 && at < f64::from(cells)).then_some(at as f32)
        };
        let columns: Vec<Option<f32>> =
            (0..size.0).map(|x| along(x, size.0, part[0], part[2], left, width, saliency.width)).collect();
        let mut plane = Vec::with_capacity(size.0 as usize * size.1 as usize);
        for y in 0..size.1 {
            let row = along(y, size.1, part[1], part[3], top, height, saliency.height);
            plane.extend(columns.iter().map(|column| match (column, row) {
                (Some(x), Some(y)) => spread.at(*x, y),
                _ => 0.0,
            }));
        }
        plane
    }
}

/// What a network saw, from least to most as 0 to 1.
struct Spread<'a> {
    saliency: &'a Saliency,
    least: f32,
    range: f32,
}

/// A network that finds nothing is not taken to have found something faint.
const LEAST_RANGE: f32 = 96.0;

impl<'a> Spread<'a> {
    fn of(saliency: &'a Saliency) -> Self {
        let (least, most) = saliency.values.iter().fold((255u8, 0u8), |(l, m), v| (l.min(*v), m.max(*v)));
        Self { saliency, least: f32::from(least), range: f32::from(most - least.min(most)).max(LEAST_RANGE) }
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let place = |at: f32, of: u32| {
            let at = at.clamp(0.0, (of - 1) as f32);
            (at as usize, (at as usize + 1).min(of as usize - 1), at.fract())
        };
        let ((x0, x1, fx), (y0, y1, fy)) = (place(x, self.saliency.width), place(y, self.saliency.height));
        let value = |x: usize, y: usize| f32::from(self.saliency.values[y * self.saliency.width as usize + x]);
        let row = |y: usize| value(x0, y) + (value(x1, y) - value(x0, y)) * fx;
        ((row(y0) + (row(y1) - row(y0)) * fy - self.least) / self.range).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_lands_where_it_was_looked_at() {
        let picture = RgbImage::from_fn(400, 300, |x, y| {
            Rgb(if (250..350).contains(&x) && (100..200).contains(&y) { [255; 3] } else { [0; 3] })
        });
        let others = [Look::around((400, 300)), Look::at([200, 50, 200, 250])];
        let looks = Look::first((400, 300)).into_iter().chain(others);
        for look in looks {
            let shown = look.image(&picture).unwrap();
            let (width, height) = shown.dimensions();
            let saliency = Saliency { width, height, values: shown.pixels().map(|p| p.0[0]).collect() };
            let seen = look.seen(&saliency, [0, 0, 400, 300], (400, 300));
            let off = |i: &usize| {
                let (x, y) = (i % 400, i / 400);
                let near = [250usize, 350].iter().any(|e| x.abs_diff(*e) < 4)
                    || [100usize, 200].iter().any(|e| y.abs_diff(*e) < 4);
                let inside = (250..350).contains(&x) && (100..200).contains(&y);
                !near && (seen[*i] - f32::from(u8::from(inside))).abs() > 0.1
            };
            assert_eq!((0..seen.len()).filter(off).count(), 0, "{look:?}");
        }
    }
}
