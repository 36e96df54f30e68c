//! Pixels of cut-outs, changed.

use super::changes::sign;
use image::{Rgba, RgbaImage};
use rand::Rng;

/// Mean chroma below which turning the hue would change nothing that can be seen.
const GREY: f32 = 0.12;

/// Changes colours, sRGB within 0..=1, knowing where they are (−1..=1).
pub(super) fn map(picture: &RgbaImage, change: impl Fn([f32; 3], [f32; 2]) -> [f32; 3]) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let across = |at: u32, all: u32| (at as f32 + 0.5) / all as f32 * 2.0 - 1.0;
    RgbaImage::from_fn(width, height, |x, y| {
        let Rgba([r, g, b, alpha]) = *picture.get_pixel(x, y);
        let [r, g, b] = change([r, g, b].map(|v| f32::from(v) / 255.0), [across(x, width), across(y, height)])
            .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8);
        Rgba([r, g, b, alpha])
    })
}

fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// The mean of something over what can be seen.
fn mean(picture: &RgbaImage, of: impl Fn([f32; 3]) -> f32) -> f32 {
    let seen = picture.pixels().filter(|pixel| pixel[3] > 128);
    let values: Vec<f32> = seen.map(|p| of([p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0))).collect();
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// Another hue for what has one, a colour for what has none; lightness stays.
pub(super) fn recoloured(picture: &RgbaImage, rng: &mut impl Rng) -> RgbaImage {
    let chroma = |rgb: [f32; 3]| rgb.into_iter().fold(0.0, f32::max) - rgb.into_iter().fold(1.0, f32::min);
    let turn: f32 = rng.random_range(70.0_f32..180.0).to_radians() * sign(rng);
    if mean(picture, chroma) > GREY {
        let (sin, cos) = turn.sin_cos();
        return map(picture, |rgb, _| {
            let y = luma(rgb);
            let (u, v) = (rgb[2] - y, rgb[0] - y);
            of_luma(y, cos * u - sin * v, sin * u + cos * v)
        });
    }
    // Something black has to be lighter before a colour shows.
    let lift = if mean(picture, luma) < 0.35 { 0.35 } else { 0.0 };
    map(picture, |rgb, _| {
        let y = lift + (1.0 - lift) * luma(rgb);
        of_luma(y, 0.3 * turn.cos(), 0.3 * turn.sin())
    })
}

/// The colour of this luma whose blue and red differ from it by so much.
fn of_luma(y: f32, blue: f32, red: f32) -> [f32; 3] {
    [y + red, y - (0.299 * red + 0.114 * blue) / 0.587, y + blue]
}

/// Dark for light, light for dark; colour and shading stay.
pub(super) fn shaded(picture: &RgbaImage, rng: &mut impl Rng) -> RgbaImage {
    let own = mean(picture, luma);
    let other = if (own - 0.5).abs() > 0.12 { (1.0 - own).clamp(0.15, 0.85) } else { 0.5 + 0.35 * sign(rng) };
    map(picture, |rgb, _| {
        let y = luma(rgb);
        rgb.map(|value| value + other + 0.8 * (y - own) - y)
    })
}

/// The cut-out as a flat thing seen from another side, by perspective.
pub(super) fn seen_from(picture: &RgbaImage, rng: &mut impl Rng) -> RgbaImage {
    let mut angle = |low: f32, high: f32| rng.random_range(low..high).to_radians();
    let (yaw, pitch, roll) = (angle(15.0, 38.0), angle(-20.0, 20.0), angle(-18.0, 18.0));
    let yaw = yaw * sign(rng);
    let ((sy, cy), (sp, cp), (sr, cr)) = (yaw.sin_cos(), pitch.sin_cos(), roll.sin_cos());
    let turned = |[x, y, z]: [f32; 3]| {
        let [x, z] = [cy * x + sy * z, cy * z - sy * x];
        let [y, z] = [cp * y - sp * z, sp * y + cp * z];
        [cr * x - sr * y, sr * x + cr * y, z]
    };
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(turned);
    let far = 2.4 * width.max(height);
    let side = (1.5 * width.max(height)) as u32;
    RgbaImage::from_fn(side, side, |x, y| {
        let ray = [x as f32 + 0.5 - side as f32 / 2.0, y as f32 + 0.5 - side as f32 / 2.0, far];
        let length = axes[2][2] * far / dot(axes[2], ray);
        let hit = [ray[0] * length, ray[1] * length, ray[2] * length - far];
        sample(picture, dot(axes[0], hit) + width / 2.0, dot(axes[1], hit) + height / 2.0)
    })
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Bilinear over premultiplied pixels at a position in pixels; nothing outside.
fn sample(picture: &RgbaImage, x: f32, y: f32) -> Rgba<u8> {
    let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (fx, fy) = (x - 0.5 - left, y - 0.5 - top);
    let mut sum = [0.0; 4];
    for (dx, dy, weight) in [
        (0.0, 0.0, (1.0 - fx) * (1.0 - fy)),
        (1.0, 0.0, fx * (1.0 - fy)),
        (0.0, 1.0, (1.0 - fx) * fy),
        (1.0, 1.0, fx * fy),
    ] {
        let (x, y) = (left + dx, top + dy);
        if x >= 0.0 && y >= 0.0 && x < picture.width() as f32 && y < picture.height() as f32 {
            let Rgba([r, g, b, alpha]) = *picture.get_pixel(x as u32, y as u32);
            let share = weight * f32::from(alpha) / 255.0;
            [r, g, b].into_iter().zip(&mut sum).for_each(|(value, sum)| *sum += f32::from(value) * share);
            sum[3] += share;
        }
    }
    let [r, g, b, alpha] = sum;
    let byte = |value: f32| (value / alpha.max(1e-6)).clamp(0.0, 255.0).round() as u8;
    Rgba([byte(r), byte(g), byte(b), (alpha * 255.0).round() as u8])
}
