//! What people say of a photograph: a mask, a box, places to keep and to remove.

use image::{GrayImage, RgbImage, imageops};

use super::colours::{Sides, composed};
use super::matting::{CERTAIN, Known};
use super::{Cutout, CutoutHint, Method, judge};
use crate::error::{ImageError, Reason};

/// A point marks what is this near to it, as a share of the picture's longer side.
const POINT: f32 = 0.012;
/// Pixels round what a mask shows that are looked at.
const BESIDE: u32 = 4;

/// How far the shape of a mask may be from its picture's, as a share of the ratio of the sides.
const OFF_SHAPE: f32 = 0.02;

/// Refuses a mask of another shape than its picture: it would be of another picture, or of another crop.
pub(super) fn check_shape(mask: &GrayImage, (w, h): (u32, u32)) -> Result<(), ImageError> {
    let ratio = |(w, h): (u32, u32)| w as f32 / h.max(1) as f32;
    if (ratio(mask.dimensions()) / ratio((w, h)) - 1.0).abs() > OFF_SHAPE {
        let (mw, mh) = mask.dimensions();
        return Err(Reason::Invalid(format!("the mask is {mw}×{mh}, not of the shape of the picture, {w}×{h}")).into());
    }
    Ok(())
}

/// What a mask shows, in a picture of `size`: left, top, width and height in pixels, with a little room.
pub(super) fn masked(mask: &GrayImage, size: (u32, u32)) -> Option<[u32; 4]> {
    let on = mask.pixels().map(|p| p.0[0] > 0).collect();
    let bounds = super::mask::Mask::new(mask.width() as usize, mask.height() as usize, on).bounds()?;
    let along = |at: u32, length: u32, of: u32, side: u32| {
        let scale = f64::from(side) / f64::from(of);
        let from = ((f64::from(at) * scale) as u32).saturating_sub(BESIDE);
        let to = ((f64::from(at + length) * scale).ceil() as u32 + BESIDE).min(side);
        [from, to - from]
    };
    let [x, width] = along(bounds.x, bounds.width, mask.width(), size.0);
    let [y, height] = along(bounds.y, bounds.height, mask.height(), size.1);
    Some([x, y, width, height])
}

/// Cuts out what a mask shows: `part` of the picture.
pub(super) fn cut_by_mask(picture: &RgbImage, mask: &GrayImage, part: [u32; 4]) -> Result<Cutout, ImageError> {
    let [left, top, width, height] = part;
    let (w, h) = picture.dimensions();
    let whole = if mask.dimensions() == (w, h) {
        mask.clone()
    } else {
        imageops::resize(mask, w, h, imageops::FilterType::CatmullRom)
    };
    let own = imageops::crop_imm(&whole, left, top, width, height).to_image();
    let alpha: Vec<f32> = own.pixels().map(|p| f32::from(p.0[0]) / 255.0).collect();
    let seen = imageops::crop_imm(picture, left, top, width, height).to_image();
    let sides = Sides::of(&seen, &alpha, (width, height))?;
    let rgba = composed(picture, part, &sides, |y, row| {
        row.extend_from_slice(&alpha[(y * width) as usize..][..width as usize]);
    });
    judge::told(rgba, Method::Mask, vec![], None)
}

/// A part with what is to be kept in it: left, top, width and height in pixels.
pub(super) fn joined(part: [u32; 4], keep: &[[f32; 4]], (w, h): (u32, u32)) -> [u32; 4] {
    let near = POINT * w.max(h) as f32;
    let [mut left, mut top, mut right, mut bottom] = [part[0], part[1], part[0] + part[2], part[1] + part[3]];
    for [x0, y0, x1, y1] in keep {
        let low = |at: f32, side: u32| (at * side as f32 - 2.0 * near).max(0.0) as u32;
        let high = |at: f32, side: u32| ((at * side as f32 + 2.0 * near).ceil() as u32).min(side);
        (left, top) = (left.min(low(*x0, w)), top.min(low(*y0, h)));
        (right, bottom) = (right.max(high(*x1, w)), bottom.max(high(*y1, h)));
    }
    [left, top, right - left, bottom - top]
}

/// Puts what people say over what is known of a part: nothing outside the box is subject, and marks are what they say.
/// `sizes`: of the picture, and of the part as it is looked at.
pub(super) fn heeded(known: &mut Known, hint: &CutoutHint, part: [u32; 4], (all, size): ((u32, u32), (u32, u32))) {
    let of = [all.0 as f32, all.1 as f32];
    let near = [POINT * of[0].max(of[1]) / of[0], POINT * of[0].max(of[1]) / of[1]];
    let within = |[left, top, right, bottom]: [f32; 4], [x, y]: [f32; 2], near: [f32; 2]| {
        (left - near[0]..=right + near[0]).contains(&x) && (top - near[1]..=bottom + near[1]).contains(&y)
    };
    let marked = |marks: &[[f32; 4]], at: [f32; 2]| {
        marks.iter().any(|mark| within(*mark, at, if mark[..2] == mark[2..] { near } else { [0.0; 2] }))
    };
    for i in 0..known.alpha.len() {
        let (x, y) = (i as u32 % size.0, i as u32 / size.0);
        let at = [
            (part[0] as f32 + (x as f32 + 0.5) / size.0 as f32 * part[2] as f32) / of[0],
            (part[1] as f32 + (y as f32 + 0.5) / size.1 as f32 * part[3] as f32) / of[1],
        ];
        let outside = hint.bounds.is_some_and(|bounds| !within(bounds, at, [0.0; 2]));
        if marked(&hint.keep, at) {
            (known.alpha[i], known.weight[i]) = (1.0, CERTAIN);
        } else if outside || marked(&hint.remove, at) {
            (known.alpha[i], known.weight[i]) = (0.0, CERTAIN);
        }
    }
}
