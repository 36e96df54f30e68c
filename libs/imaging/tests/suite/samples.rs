//! Small pictures and files to test with, all drawn, none random but by a fixed seed.

use cavendish_imaging::image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use cavendish_imaging::{Cutout, CutoutHint, Decoded, Limits, cutout, decode};
use std::io::Cursor;

/// A small generator of numbers; the same seed gives the same numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

/// A picture with detail everywhere, so that every codec has something to do.
pub(crate) fn busy(width: u32, height: u32) -> RgbImage {
    let mut dice = Dice(5);
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, (dice.roll(96) + 60) as u8])
    })
}

/// The picture as a file.
pub(crate) fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub(crate) fn decoded(image: &RgbImage) -> Decoded {
    decode(&file(&image.clone().into(), ImageFormat::Png), &Limits::default()).unwrap()
}

/// How far a pixel is inside a disc, 0..1 over one pixel at its rim.
pub(crate) fn disc(x: u32, y: u32, centre: (f32, f32), radius: f32) -> f32 {
    let (dx, dy) = (x as f32 + 0.5 - centre.0, y as f32 + 0.5 - centre.1);
    (radius - (dx * dx + dy * dy).sqrt() + 0.5).clamp(0.0, 1.0)
}

pub(crate) fn mix(under: [f32; 3], over: [f32; 3], share: f32) -> Rgb<u8> {
    Rgb(std::array::from_fn(|k| (under[k] + (over[k] - under[k]) * share).round() as u8))
}

/// A red ball with a highlight, on a plain teal backdrop with a vignette, with a soft shadow under it.
pub(crate) fn ball_in_studio(side: u32) -> RgbImage {
    let s = side as f32;
    RgbImage::from_fn(side, side, |x, y| {
        let (u, v) = (x as f32 / s * 2.0 - 1.0, y as f32 / s * 2.0 - 1.0);
        let below = ((u / 0.42).powi(2) + ((v - 0.52) / 0.12).powi(2)).min(1.0);
        let light = (1.0 - 0.1 * (u * u + v * v)) * (0.72 + 0.28 * below.sqrt());
        let behind = [70.0, 150.0, 150.0].map(|c| c * light);
        let shine = (-((u + 0.12).powi(2) + (v + 0.12).powi(2)) * 40.0).exp();
        let ball = [200.0 + 40.0 * shine, 40.0 + 120.0 * shine, 35.0 + 120.0 * shine];
        mix(behind, ball, disc(x, y, (s * 0.5, s * 0.5), s * 0.26))
    })
}

/// A glossy blue disc on planks whose grain has about its lightness.
pub(crate) fn disc_on_planks(width: u32, height: u32, centre: (f32, f32), radius: f32) -> RgbImage {
    let mut dice = Dice(9);
    let grain: Vec<f32> = (0..height).map(|_| dice.roll(50) as f32).collect();
    RgbImage::from_fn(width, height, |x, y| {
        let g = grain[y as usize] + dice.roll(14) as f32 + 8.0 * (x as f32 / 17.0).sin();
        let wood = [120.0 + g, 70.0 + 0.7 * g, 30.0 + 0.4 * g];
        let shine = dice.roll(10) as f32;
        mix(wood, [40.0 + shine, 80.0 + shine, 160.0 + shine], disc(x, y, centre, radius))
    })
}

/// The ball, cut out.
pub(crate) fn ball() -> Cutout {
    cutout(&decoded(&ball_in_studio(256)), &CutoutHint::default()).unwrap()
}
