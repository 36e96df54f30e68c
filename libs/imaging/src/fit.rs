//! A whole render in another shape: cropped round its subject, or its backdrop continued; never stretched.

use cavendish_specs::PixelBox;
use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::background::{PlainBackground, distance};
use crate::blur::gaussian;
use crate::error::{ImageError, Reason};
use crate::extend::{self, Site};
use crate::measure::subject_box;
use crate::resize::resize_rgb;

/// What was done to reach the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitMode {
    /// Something of the surroundings was cut away, or nothing at all.
    Cropped,
    /// The plain backdrop was continued.
    Extended,
    /// The surroundings are not plain: their edge was continued softly.
    Padded,
}

/// A picture in its new shape.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The picture.
    pub image: RgbImage,
    /// How it got there.
    pub mode: FitMode,
    /// Pixels of the result per pixel of the source; above 1 the source had too few.
    pub scale: f32,
    /// Where the subject is now; None when it is not known.
    pub subject: Option<PixelBox>,
}

/// Part of the safe area that the subject may fill when it has to be made smaller.
const SNUG: f32 = 0.94;

/// Brings a picture to `width` × `height`. `subject` is `[left, top, right, bottom]` as shares of the picture (None:
/// found where the backdrop is plain); `safe` the same in pixels of the result, which the subject stays within.
/// The picture is cropped when that leaves the subject whole and within the safe area, else its backdrop is continued.
///
/// # Errors
/// [`Reason::Invalid`] when the target, the picture or the safe area is empty.
pub fn fit(
    image: &RgbImage,
    width: u32,
    height: u32,
    subject: Option<[f32; 4]>,
    safe: Option<[f32; 4]>,
) -> Result<Fitted, ImageError> {
    let (iw, ih) = (image.width() as f32, image.height() as f32);
    let (w, h) = (width as f32, height as f32);
    let safe = safe.unwrap_or([0.0, 0.0, w, h]);
    let room = [safe[2] - safe[0], safe[3] - safe[1]];
    if width == 0 || height == 0 || iw < 1.0 || ih < 1.0 || room[0] < 1.0 || room[1] < 1.0 {
        return Err(Reason::Invalid(format!("cannot fit {iw}×{ih} into {width}×{height}")).into());
    }
    let found = match subject {
        Some([l, t, r, b]) => Some([l * iw, t * ih, r * iw, b * ih]),
        None => subject_box(image)?.map(|b| {
            let (x, y) = (b.x as f32, b.y as f32);
            [x, y, x + b.width as f32, y + b.height as f32]
        }),
    };
    let cover = (w / iw).max(h / ih);
    let centre = [(safe[0] + safe[2]) / 2.0, (safe[1] + safe[3]) / 2.0];
    let Some(s) = found else {
        let corner = [(w - iw * cover) / 2.0, (h - ih * cover) / 2.0];
        return Ok(Fitted {
            image: lay(image, cover, corner, (width, height))?,
            mode: FitMode::Cropped,
            scale: cover,
            subject: None,
        });
    };
    let size = [(s[2] - s[0]).max(1.0), (s[3] - s[1]).max(1.0)];
    let middle = [(s[0] + s[2]) / 2.0, (s[1] + s[3]) / 2.0];
    let snug = (room[0] * SNUG / size[0]).min(room[1] * SNUG / size[1]);
    let scale = cover.min(snug);
    let mut corner = [centre[0] - middle[0] * scale, centre[1] - middle[1] * scale];
    // Where the picture can cover the canvas, it does, as long as the subject stays in its safe area.
    for (axis, (of, canvas)) in [(iw, w), (ih, h)].into_iter().enumerate() {
        let length = of * scale;
        let covering = if length >= canvas {
            corner[axis].clamp(canvas - length, 0.0)
        } else {
            corner[axis].clamp(0.0, canvas - length)
        };
        let (from, to) = (s[axis] * scale + covering, s[axis + 2] * scale + covering);
        if from >= safe[axis] && to <= safe[axis + 2] {
            corner[axis] = covering;
        }
    }
    let corner = corner.map(f32::round);
    let covers =
        corner[0] <= 0.5 && corner[1] <= 0.5 && corner[0] + iw * scale >= w - 0.5 && corner[1] + ih * scale >= h - 0.5;
    let model = PlainBackground::fit(image);
    let mode = match covers {
        true => FitMode::Cropped,
        false if model.is_plain() => FitMode::Extended,
        false => FitMode::Padded,
    };
    let at = |v: f32, axis: usize, limit: f32| (v * scale + corner[axis]).round().clamp(0.0, limit) as u32;
    let (x, y) = (at(s[0], 0, w), at(s[1], 1, h));
    let subject = PixelBox { x, y, width: at(s[2], 0, w) - x, height: at(s[3], 1, h) - y };
    let out = match mode {
        FitMode::Extended => {
            let side = |n: f32| ((n * scale).round() as u32).max(1);
            let scaled = resize_rgb(image, side(iw), side(ih))?;
            let subject = [s[0] / iw, s[1] / ih, s[2] / iw, s[3] / ih];
            let mut canvas = RgbImage::new(width, height);
            extend::paint(&mut canvas, &scaled, &model, &Site { corner, size: [iw * scale, ih * scale], subject });
            canvas
        }
        FitMode::Cropped | FitMode::Padded => lay(image, scale, corner, (width, height))?,
    };
    Ok(Fitted { image: out, mode, scale, subject: Some(subject) })
}

/// The picture, scaled, with its corner at this place of the canvas; its edges are continued where it does not reach.
fn lay(image: &RgbImage, scale: f32, corner: [f32; 2], canvas: (u32, u32)) -> Result<RgbImage, ImageError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_continued_backdrop_has_no_seam() {
        let render = RgbImage::from_fn(128, 128, |x, y| {
            let (u, v) = (x as f32 / 64.0 - 1.0, y as f32 / 64.0 - 1.0);
            if u.abs() < 0.5 && v.abs() < 0.5 {
                return image::Rgb([200, 60, 30]);
            }
            let light = 1.0 - 0.2 * (u * u + v * v) / 2.0;
            image::Rgb([130.0, 200.0, 250.0].map(|c| (c * light) as u8))
        });
        let wide = fit(&render, 600, 300, None, None).unwrap();
        assert_eq!(wide.mode, FitMode::Extended);
        for y in [10, 150, 290] {
            for x in 0..600 - 6 {
                let (a, b) = (wide.image.get_pixel(x, y).0, wide.image.get_pixel(x + 6, y).0);
                let subject = wide.subject.unwrap();
                if (subject.x.saturating_sub(24)..subject.x + subject.width + 24).contains(&x) {
                    continue;
                }
                assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 6), "a step at {x}, {y}: {a:?} to {b:?}");
            }
        }
    }
}
