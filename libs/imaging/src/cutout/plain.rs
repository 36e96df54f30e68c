//! Cutting out from a plain backdrop: what differs from it, and is not merely its shadow, is subject.

use image::{Rgb, RgbImage};

use super::mask::Mask;
use super::matte::level;
use super::spread::Colours;
use crate::background::{PlainBackground, place};

/// The share of its light that a backdrop may lose to a soft shadow.
const SHADOW: f32 = 0.36;

/// What stands out from a plain backdrop. `fill_holes`: the largest hole that is closed, as a share of the subject.
pub(crate) fn mask(image: &RgbImage, model: &PlainBackground) -> Mask {
    // Where it is shows in some of the pixels.
    let step = (image.width().max(image.height()) / GLANCE).max(1);
    let few = |x: u32, y: u32| *image.get_pixel(x * step, y * step);
    let few = RgbImage::from_fn(image.width().div_ceil(step), image.height().div_ceil(step), few);
    // Shadows lie on the ground: only below the middle of what was found is a mere loss of light excused.
    let subject = key(&few, model, None).bounds().map(|b| ((b.y * step) as f32, (b.height * step) as f32));
    key(image, model, subject)
}

/// Pixels along the longer side in which a subject is looked for first, at least, where there are so many.
const GLANCE: u32 = 400;

/// A subject with a wide, soft outline, as models draw it, cut where it is half subject.
pub(super) struct Soft {
    /// What is more than half subject.
    pub(super) mask: Mask,
    /// The picture with the backdrop's share taken out of the subject's edge, and the edge's colours continued outwards.
    pub(super) clean: RgbImage,
}

/// The least share of the rim that is a mixture of subject and backdrop for an outline to count as soft.
const SOFT: f32 = 0.35;
/// Outlines up to this wide are as sharp as a camera makes them, pixels.
const SHARP: f32 = 2.5;
/// Where the outline is drawn, as a share of subject; a little more than half, since a rim of backdrop shows worst.
const CUT: f32 = 0.58;

/// Takes the backdrop out of a soft outline; None when the outline is sharp, and `mask` is right as it is.
pub(super) fn soft(image: &RgbImage, model: &PlainBackground, mask: &Mask) -> Option<Soft> {
    let (w, h) = image.dimensions();
    let bounds = mask.bounds()?;
    let deep = (0.04 * bounds.width.max(bounds.height) as f32).max(1.5);
    let inside = mask.distance_to(false);
    let pure: Vec<f32> = inside.iter().map(|d| f32::from(u8::from(*d > deep))).collect();
    let front = Colours::of(image, &pure, deep * 0.95);
    let share = shares(image, model, mask, (&inside, deep), &front);
    let rim = || (0..share.len()).filter(|&i| inside[i] > 0.0 && inside[i] <= deep);
    let mixed = rim().filter(|&i| (0.15..0.85).contains(&share[i])).count();
    let part = mixed as f32 / rim().count().max(1) as f32;
    if part <= SOFT || part * deep <= SHARP {
        return None;
    }
    let mut cut = Mask::new(w as usize, h as usize, share.iter().map(|a| *a > CUT).collect());
    cut.tidy(0.04, 0.02);
    let cut = cut.smoothed((0.012 * bounds.width.max(bounds.height) as f32).max(0.8));
    let clean = RgbImage::from_fn(w, h, |x, y| {
        let i = (y * w + x) as usize;
        let own = *image.get_pixel(x, y);
        if inside[i] > deep {
            return own;
        }
        let (a, Some(f)) = (share[i], front.at(i)) else { return own };
        let c = own.0.map(f32::from);
        let b = shaded(c, model.at(x, y, w, h), SHADOW);
        // The thinner the subject, the less its own colour can be told: there, its inside is continued.
        let trust = ((a - 0.5) / 0.5).clamp(0.0, 1.0);
        let own = |k: usize| ((c[k] - (1.0 - a) * b[k]) / a.max(0.3)).clamp(0.0, 255.0);
        Rgb(std::array::from_fn(|k| level(f[k] + trust * (own(k) - f[k]))))
    });
    Some(Soft { mask: cut, clean })
}

/// How much of each pixel is subject: where its colour lies between the backdrop's and that of the subject's inside.
fn shares(
    image: &RgbImage,
    model: &PlainBackground,
    mask: &Mask,
    (inside, deep): (&[f32], f32),
    front: &Colours,
) -> Vec<f32> {
    let (w, h) = image.dimensions();
    let share = |i: usize| {
        let known = f32::from(u8::from(mask.on[i]));
        if inside[i] > deep || !mask.on[i] {
            return known;
        }
        let Some(f) = front.at(i) else { return known };
        let (x, y) = (i as u32 % w, i as u32 / w);
        let c = image.get_pixel(x, y).0.map(f32::from);
        let b = shaded(c, model.at(x, y, w, h), SHADOW);
        let along: f32 = (0..3).map(|k| (c[k] - b[k]) * (f[k] - b[k])).sum();
        let length: f32 = (0..3).map(|k| (f[k] - b[k]).powi(2)).sum();
        // Where inside and backdrop look alike, the mask's word stands.
        if length < 30.0 * 30.0 { known } else { (along / length).clamp(0.0, 1.0) }
    };
    let mut plane: Vec<f32> = (0..mask.on.len()).map(share).collect();
    crate::blur::gaussian(&mut plane, w as usize, h as usize, 0.6);
    plane
}

/// The backdrop as dark as its shadow may have made it here.
fn shaded(colour: [f32; 3], behind: [f32; 3], excuse: f32) -> [f32; 3] {
    let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let scale = (dot(colour, behind) / dot(behind, behind).max(1.0)).clamp(1.0 - excuse, 1.0);
    behind.map(|v| v * scale)
}

fn key(image: &RgbImage, model: &PlainBackground, subject: Option<(f32, f32)>) -> Mask {
    let (w, h) = image.dimensions();
    let threshold = 12.0 + 2.5 * model.noise;
    let (mut on, mut excused) = (Vec::with_capacity(w as usize * h as usize), vec![]);
    for y in 0..h {
        let excuse = subject.map_or(0.0, |(top, height)| {
            let t = (((y as f32 - top) / height.max(1.0) - 0.5) / 0.3).clamp(0.0, 1.0);
            SHADOW * t
        });
        let row = model.along(place(y, h));
        let pixels = &image.as_raw().as_chunks::<3>().0[(y * w) as usize..][..w as usize];
        for (x, pixel) in pixels.iter().enumerate() {
            let (colour, behind) = (pixel.map(f32::from), row.at(place(x as u32, w)));
            let far = differs(colour, behind, excuse, threshold);
            if !far && excuse > 0.0 && differs(colour, behind, 0.0, threshold) {
                excused.push((y * w) as usize + x);
            }
            on.push(far);
        }
    }
    let mut mask = Mask::new(w as usize, h as usize, on);
    if let Some((_, height)) = subject.filter(|_| !excused.is_empty()) {
        super::shadow::take_back(image, &mut mask, &excused, model.noise, height);
    }
    mask.tidy(0.04, 0.02);
    mask
}

/// Whether a colour is farther than `threshold` levels from the backdrop, when up to `excuse` of the light may be missing.
fn differs(colour: [f32; 3], behind: [f32; 3], excuse: f32, threshold: f32) -> bool {
    // Most of a backdrop is so near that no reckoning with light and tint makes it far.
    let far: f32 = (0..3).map(|i| (colour[i] - behind[i]).powi(2)).sum();
    2.0 * far > threshold * threshold && difference(colour, behind, excuse) > threshold * threshold
}

/// How far a colour is from the backdrop, levels squared; tint counts double, and light only beyond what may be missing.
fn difference(colour: [f32; 3], behind: [f32; 3], excuse: f32) -> f32 {
    let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let power = dot(behind, behind).max(1.0);
    let scale = dot(colour, behind) / power;
    let tint: f32 = (0..3).map(|i| (colour[i] - scale * behind[i]).powi(2)).sum();
    let length = power.sqrt();
    let light = (scale - 1.0) * length;
    let light = if light < 0.0 { (-light - excuse * length).max(0.0) } else { light };
    tint * 2.0 + light * light
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc of radius 80 with an outline that is `ramp` pixels wide.
    fn disc(ramp: f32) -> RgbImage {
        RgbImage::from_fn(256, 256, |x, y| {
            let d = ((x as f32 - 127.5).powi(2) + (y as f32 - 127.5).powi(2)).sqrt();
            let a = ((80.0 - d) / ramp + 0.5).clamp(0.0, 1.0);
            let mix = |f: f32, b: f32| (b + (f - b) * a).round() as u8;
            Rgb([mix(220.0, 130.0), mix(140.0, 200.0), mix(70.0, 250.0)])
        })
    }

    #[test]
    fn a_soft_outline_is_cut_in_its_middle_and_loses_the_backdrops_colour() {
        let image = disc(9.0);
        let model = PlainBackground::fit(&image);
        let wide = mask(&image, &model);
        assert!(wide.bounds().unwrap().width > 164, "the key takes the whole ramp");
        let soft = soft(&image, &model, &wide).unwrap();
        let width = soft.mask.bounds().unwrap().width;
        assert!((154..=163).contains(&width), "{width}");
        // The outermost pixels that are kept: in the picture they are up to two thirds backdrop.
        for x in 46..50 {
            let (before, [r, _, b]) = (image.get_pixel(x, 127).0, soft.clean.get_pixel(x, 127).0);
            assert!(before[2] >= 120 && b < 112 && r > 195, "at {x}: {before:?} became {r}, _, {b}");
        }
    }

    #[test]
    fn a_sharp_outline_is_left_alone() {
        let image = disc(1.0);
        let model = PlainBackground::fit(&image);
        assert!(soft(&image, &model, &mask(&image, &model)).is_none());
    }
}
