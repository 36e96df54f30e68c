//! From a hard outline to a soft one: how much of each edge pixel is subject, and which colour that part has.

use cavendish_specs::PixelBox;
use image::{Rgb, RgbImage, RgbaImage};

use super::mask::Mask;
use super::spread::Colours;
use super::window::Window;
use crate::blur::gaussian;
use crate::resize::resize_plane;

/// What the outline looks like.
pub(super) struct Matte {
    /// Opacity per pixel, 0..1, in the picture's size.
    pub(super) alpha: Vec<f32>,
    /// Share of the outline along which subject and surroundings can hardly be told apart, 0..1.
    pub(super) ambiguous: f32,
}

/// Softens a mask (of any size up to the picture's) by looking at the colours on both sides of its outline.
pub(super) fn soften(image: &RgbImage, mask: &Mask) -> Matte {
    let scale = image.width() as f32 / mask.width as f32;
    let base = smooth(mask, image.dimensions(), scale);
    let Some(window) = surroundings(mask, image, scale) else { return Matte { alpha: base, ambiguous: 0.0 } };
    let part = soften_part(&window.of_image(image), window.of(&base), scale);
    let mut alpha = vec![0.0; base.len()];
    window.put(&part.alpha, &mut alpha);
    Matte { alpha, ambiguous: part.ambiguous }
}

/// All of the picture that a mask's outline can have to do with.
fn surroundings(mask: &Mask, image: &RgbImage, scale: f32) -> Option<Window> {
    let bounds = mask.bounds()?;
    let scaled = |n: u32| (n as f32 * scale) as u32;
    let (x, y) = (scaled(bounds.x), scaled(bounds.y));
    let bounds = PixelBox { x, y, width: scaled(bounds.width), height: scaled(bounds.height) };
    Some(Window::round(bounds, (16.0 * scale.max(1.0)) as u32, image.dimensions()))
}

/// As [`soften`], from the mask in the picture's size.
fn soften_part(image: &RgbImage, base: Vec<f32>, scale: f32) -> Matte {
    let (w, h) = (image.width() as usize, image.height() as usize);
    // Colours of either side, from what is surely on it, a little way off the outline.
    let reach = 2.2 * scale.max(1.0);
    let inner: Vec<f32> = base.iter().map(|a| if *a > 0.97 { 1.0 } else { 0.0 }).collect();
    let outer: Vec<f32> = base.iter().map(|a| if *a < 0.03 { 1.0 } else { 0.0 }).collect();
    let (front, behind) = (Colours::of(image, &inner, reach), Colours::of(image, &outer, reach));
    let (mut doubtful, mut band) = (0u32, 0u32);
    let mut alpha = base.clone();
    let mut shift = vec![0.0; w * h];
    for i in 0..w * h {
        if !(0.03..=0.97).contains(&base[i]) {
            alpha[i] = if base[i] > 0.5 { 1.0 } else { 0.0 };
            continue;
        }
        let (Some(f), Some(b)) = (front.at(i), behind.at(i)) else { continue };
        let c = pixel(image, i);
        let (mut along, mut length) = (0.0, 0.0);
        for k in 0..3 {
            along += (c[k] - b[k]) * (f[k] - b[k]);
            length += (f[k] - b[k]).powi(2);
        }
        band += 1;
        doubtful += u32::from(length < 24.0 * 24.0);
        let told = (along / length.max(1.0)).clamp(0.0, 1.0);
        // Near colours say little; and no colour moves the outline far.
        let trust = length / (length + 30.0 * 30.0);
        shift[i] = (trust * (told - base[i])).clamp(-0.35, 0.35);
    }
    // The grain of the surroundings must not fray the outline: only what neighbours agree on moves it.
    gaussian(&mut shift, w, h, 1.2 * scale.clamp(1.0, 3.0));
    alpha.iter_mut().zip(&shift).for_each(|(a, s)| *a = (*a + s).clamp(0.0, 1.0));
    gaussian(&mut alpha, w, h, 0.45);
    Matte { alpha, ambiguous: doubtful as f32 / band.max(1) as f32 }
}

/// The mask in the picture's size with an even, curve-following edge about two pixels wide.
fn smooth(mask: &Mask, size: (u32, u32), scale: f32) -> Vec<f32> {
    let mut plane = mask.plane();
    gaussian(&mut plane, mask.width, mask.height, 1.6);
    let mut plane = resize_plane(&plane, (mask.width as u32, mask.height as u32), size);
    // The blur rounds off the staircase; the slope brings the edge back to its width.
    let slope = 1.7 * scale.clamp(1.0, 3.0);
    plane.iter_mut().for_each(|v| *v = ((*v - 0.5) * slope + 0.5).clamp(0.0, 1.0));
    plane
}

fn pixel(image: &RgbImage, i: usize) -> [f32; 3] {
    let raw = &image.as_raw()[i * 3..i * 3 + 3];
    [f32::from(raw[0]), f32::from(raw[1]), f32::from(raw[2])]
}

/// How far from its edge a subject's colours are continued, pixels: what the wider window reaches, and the narrower.
const CONTINUED: u32 = 40;

/// The subject's own colours under its matte. Where the edge is translucent, the picture shows a mixture; the share of
/// the surroundings is taken out (after Forte, "Approximate Fast Foreground Colour Estimation", 2021), and beyond the
/// edge the subject's colour is continued, so that resampling finds it there.
pub(super) fn colours(image: &RgbImage, alpha: &[f32]) -> RgbaImage {
    let mut out = with_alpha(image, alpha);
    let (w, h) = image.dimensions();
    let seen = Mask::new(w as usize, h as usize, alpha.iter().map(|a| *a > 0.0).collect());
    if let Some(bounds) = seen.bounds() {
        let window = Window::round(bounds, CONTINUED, (w, h));
        let (part, alpha) = (window.of_image(image), window.of(alpha));
        let part = with_alpha(&estimated(&part, &alpha), &alpha);
        window.put(part.as_raw().as_chunks::<4>().0, out.as_chunks_mut::<4>().0);
    }
    out
}

/// What the subject alone looks like, in turns of a wide and a narrow window.
pub(super) fn estimated(image: &RgbImage, alpha: &[f32]) -> RgbImage {
    let mut estimate = image.clone();
    let opposite: Vec<f32> = alpha.iter().map(|a| 1.0 - a).collect();
    for sigma in [12.0, 2.5] {
        let (front, behind) = (Colours::of(&estimate, alpha, sigma), Colours::of(image, &opposite, sigma));
        for (i, to) in estimate.pixels_mut().enumerate() {
            let a = alpha[i];
            if a >= 0.995 {
                continue;
            }
            let Some(f) = front.at(i) else { continue };
            let b = behind.at(i).unwrap_or(f);
            let c = pixel(image, i);
            *to = Rgb(std::array::from_fn(|k| level(f[k] + a * (c[k] - a * f[k] - (1.0 - a) * b[k]))));
        }
    }
    estimate
}

/// The nearest level: casts saturate, and rounding by them is several times as fast as `round`.
pub(super) fn level(value: f32) -> u8 {
    (value + 0.5) as u8
}

/// A picture under its matte, its colours as they are.
pub(crate) fn with_alpha(image: &RgbImage, alpha: &[f32]) -> RgbaImage {
    let mut out = RgbaImage::new(image.width(), image.height());
    let (to, from) = (out.as_chunks_mut::<4>().0, image.as_raw().as_chunks::<3>().0);
    for ((to, [r, g, b]), a) in to.iter_mut().zip(from).zip(alpha) {
        *to = [*r, *g, *b, level(a * 255.0)];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball, softer than a pixel, before a ground that changes; and where it is, at half the size.
    fn ball() -> (RgbImage, Mask) {
        let away = |x: u32, y: u32, size: f32| {
            (x as f32 / size - 0.4).hypot(y as f32 / size - 0.55) / 0.15 // 1 at its edge
        };
        let image = RgbImage::from_fn(400, 400, |x, y| {
            let opaque = ((1.0 - away(x, y, 400.0)) * 30.0 + 0.5).clamp(0.0, 1.0);
            let behind = [(x / 2) as f32, 120.0 + ((x * 7 + y * 13) % 17) as f32, (y / 2) as f32];
            Rgb(std::array::from_fn(|k| level([230.0, 40.0, 60.0][k] * opaque + behind[k] * (1.0 - opaque))))
        });
        let on = (0..200 * 200).map(|i| away(i % 200, i / 200, 200.0) < 1.0).collect();
        (image, Mask::new(200, 200, on))
    }

    #[test]
    fn a_part_of_the_picture_tells_what_all_of_it_would() {
        let (image, mask) = ball();
        let part = soften(&image, &mask);
        let all = soften_part(&image, smooth(&mask, image.dimensions(), 2.0), 2.0);
        assert!((part.ambiguous - all.ambiguous).abs() < 0.01, "{} {}", part.ambiguous, all.ambiguous);
        let off = part.alpha.iter().zip(&all.alpha).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 0.02, "opacity differs by {off}");

        let (own, alone) = (colours(&image, &part.alpha), estimated(&image, &part.alpha));
        let seen = own.pixels().zip(alone.pixels()).filter(|(own, _)| own.0[3] > 0);
        let off = seen.flat_map(|(a, b)| (0..3).map(move |k| a.0[k].abs_diff(b.0[k]))).max().unwrap_or(255);
        assert!(off <= 4, "colours differ by {off}");
    }
}
