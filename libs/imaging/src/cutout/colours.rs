//! What the subject alone looks like where its edge lets the old surroundings through.

use image::{RgbImage, RgbaImage};

use super::matte::{estimated, level};
use super::matting::Between;
use crate::error::ImageError;
use crate::resize::resize_rgb;

/// Longer side in pixels at which colours on both sides of an edge are estimated; they are smooth.
const ESTIMATED: u32 = 600;

/// The colours of subject and surroundings, each continued beyond the other's edge.
pub(super) struct Sides {
    front: RgbImage,
    behind: RgbImage,
}

impl Sides {
    /// Of a picture and its alpha, which is `size` pixels large.
    pub(super) fn of(picture: &RgbImage, alpha: &[f32], size: (u32, u32)) -> Result<Self, ImageError> {
        let scale = (ESTIMATED as f32 / size.0.max(size.1) as f32).min(1.0);
        let small = [size.0, size.1].map(|side| ((side as f32 * scale).round() as u32).max(1));
        let image = resize_rgb(picture, small[0], small[1])?;
        let alpha = super::matting::resized(alpha, size, (small[0], small[1]));
        let opposite: Vec<f32> = alpha.iter().map(|a| 1.0 - a).collect();
        Ok(Self { front: estimated(&image, &alpha), behind: estimated(&image, &opposite) })
    }

    /// Writes a row of the cut-out: `colours` of the picture under `alpha`, freed from the surroundings. `y` of `height` rows.
    pub(super) fn row(&self, colours: &[[u8; 3]], alpha: &[f32], (y, height): (u32, u32), to: &mut [[u8; 4]]) {
        let (w, h) = self.front.dimensions();
        let row = Between::at(y, height, h);
        for (x, ((to, colour), a)) in to.iter_mut().zip(colours).zip(alpha).enumerate() {
            let opacity = level(a * 255.0);
            if opacity == 255 || opacity == 0 {
                *to = [colour[0], colour[1], colour[2], opacity];
                continue;
            }
            let column = Between::at(x as u32, colours.len() as u32, w);
            let shares = column.shares(&row);
            let mean = |of: &RgbImage, k: usize| {
                let at = |x: usize, y: usize| f32::from(of.get_pixel(x as u32, y as u32).0[k]);
                at(column.first, row.first) * shares[0]
                    + at(column.second, row.first) * shares[1]
                    + at(column.first, row.second) * shares[2]
                    + at(column.second, row.second) * shares[3]
            };
            let own: [u8; 3] = std::array::from_fn(|k| {
                let (front, behind, c) = (mean(&self.front, k), mean(&self.behind, k), f32::from(colour[k]));
                level((front + a * (c - a * front - (1.0 - a) * behind)).clamp(0.0, 255.0))
            });
            *to = [own[0], own[1], own[2], opacity];
        }
    }
}

/// A cut-out as large as its picture: the part at `left`, `top` in pixels under its alpha, nothing beside it.
pub(super) fn composed(
    picture: &RgbImage,
    [left, top, width, height]: [u32; 4],
    sides: &Sides,
    mut alpha_row: impl FnMut(u32, &mut Vec<f32>),
) -> RgbaImage {
    let mut out = RgbaImage::new(picture.width(), picture.height());
    let across = picture.width() as usize;
    let pixels = picture.as_raw().as_chunks::<3>().0;
    let mut alpha = Vec::with_capacity(width as usize);
    for y in 0..height {
        alpha.clear();
        alpha_row(y, &mut alpha);
        let start = (top + y) as usize * across + left as usize;
        let to = &mut out.as_chunks_mut::<4>().0[start..][..width as usize];
        sides.row(&pixels[start..][..width as usize], &alpha, (y, height), to);
    }
    out
}
