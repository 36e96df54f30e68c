//! Cutting out from a plain backdrop: what differs from it, and is not merely its shadow, is subject.

use image::RgbImage;

use super::mask::Mask;
use crate::background::PlainBackground;

/// The share of its light that a backdrop may lose to a soft shadow.
const SHADOW: f32 = 0.36;

/// What stands out from a plain backdrop. `fill_holes`: the largest hole that is closed, as a share of the subject.
pub(crate) fn mask(image: &RgbImage, model: &PlainBackground) -> Mask {
    let first = key(image, model, None);
    // Shadows lie on the ground: only below the middle of what was found is a mere loss of light excused.
    match first.bounds() {
        Some(bounds) => key(image, model, Some((bounds.y as f32, bounds.height as f32))),
        None => first,
    }
}

fn key(image: &RgbImage, model: &PlainBackground, subject: Option<(f32, f32)>) -> Mask {
    let (w, h) = image.dimensions();
    let threshold = 12.0 + 2.5 * model.noise;
    let mut on = Vec::with_capacity(w as usize * h as usize);
    for y in 0..h {
        let excuse = subject.map_or(0.0, |(top, height)| {
            let t = (((y as f32 - top) / height.max(1.0) - 0.5) / 0.3).clamp(0.0, 1.0);
            SHADOW * t
        });
        for x in 0..w {
            let behind = model.at(x, y, w, h);
            on.push(difference(image.get_pixel(x, y).0.map(f32::from), behind, excuse) > threshold);
        }
    }
    let mut mask = Mask::new(w as usize, h as usize, on);
    mask.tidy(0.04, 0.02);
    mask
}

/// How far a colour is from the backdrop, levels, when up to `excuse` of the light may be missing.
fn difference(colour: [f32; 3], behind: [f32; 3], excuse: f32) -> f32 {
    let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let power = dot(behind, behind).max(1.0);
    let scale = dot(colour, behind) / power;
    let tint: f32 = (0..3).map(|i| (colour[i] - scale * behind[i]).powi(2)).sum::<f32>().sqrt();
    let length = power.sqrt();
    let light = (scale - 1.0) * length;
    let light = if light < 0.0 { (-light - excuse * length).max(0.0) } else { light };
    (tint * tint * 2.0 + light * light).sqrt()
}
