use super::canvas::Canvas;
use crate::data::Photo;
use rand::Rng;
use rand::seq::IndexedRandom;
use std::f32::consts::PI;

/// A studio backdrop of one colour: a soft pool of light, and a floor a little lighter or darker than the wall.
pub(crate) fn studio(canvas: &mut Canvas, colour: [f32; 3], rng: &mut impl Rng) {
    let (lx, ly) = (rng.random_range(-0.6..0.6), rng.random_range(-0.8..0.2));
    let pool = rng.random_range(0.0..0.10);
    let floor = rng.random_range(-0.03..0.05);
    let horizon = rng.random_range(0.1..0.5);
    canvas.paint(|x, y| {
        let light = pool * ((-((x - lx).powi(2) + (y - ly).powi(2)) * 0.7).exp() - 0.55);
        let below = floor * (1.0 / (1.0 + (-12.0 * (y - horizon)).exp()));
        colour.map(|value| (value * (1.0 + light + below)).clamp(0.0, 1.0))
    });
}

/// Whatever a photograph may have behind its subject: a colour, a gradient, stripes, or a piece of a photograph.
pub(crate) fn anything(canvas: &mut Canvas, photos: &[&Photo], rng: &mut impl Rng) {
    let mut colour = || [(); 3].map(|()| rng.random::<f32>());
    let (first, second) = (colour(), colour());
    match rng.random_range(0..10) {
        0 => studio(canvas, first, rng),
        1 => gradient(canvas, first, second, rng),
        2 => waves(canvas, first, second, rng),
        _ => match photos.choose(rng) {
            Some(photo) => piece(canvas, photo, rng),
            None => gradient(canvas, first, second, rng),
        },
    }
}

fn gradient(canvas: &mut Canvas, first: [f32; 3], second: [f32; 3], rng: &mut impl Rng) {
    let (sin, cos) = rng.random_range(0.0..2.0 * PI).sin_cos();
    canvas.paint(|x, y| mix(first, second, ((x * cos + y * sin) * 0.5 + 0.5).clamp(0.0, 1.0)));
}

/// Stripes, checks and the like: regular textures.
fn waves(canvas: &mut Canvas, first: [f32; 3], second: [f32; 3], rng: &mut impl Rng) {
    let wave = |rng: &mut dyn rand::RngCore| {
        let (sin, cos) = rng.random_range(0.0..2.0 * PI).sin_cos();
        (sin, cos, rng.random_range(3.0..40.0_f32), rng.random_range(0.0..2.0 * PI))
    };
    let (a, b) = (wave(rng), wave(rng));
    let hard = rng.random_range(0.5..6.0_f32);
    let value = move |(sin, cos, frequency, phase): (f32, f32, f32, f32), x: f32, y: f32| {
        ((x * cos + y * sin) * frequency + phase).sin()
    };
    canvas.paint(|x, y| mix(first, second, (0.5 + hard * value(a, x, y) * value(b, x, y)).clamp(0.0, 1.0)));
}

/// A piece of a photograph at some scale, mirrored or not, somewhat brighter or darker.
fn piece(canvas: &mut Canvas, photo: &Photo, rng: &mut impl Rng) {
    let most = (photo.width as f32 / canvas.width as f32).min(photo.height as f32 / canvas.height as f32);
    let scale = rng.random_range(0.6_f32.min(most)..most.max(0.61));
    let room = |all: u32, own: usize| (all as f32 - own as f32 * scale).max(0.0);
    let left = rng.random::<f32>() * room(photo.width, canvas.width);
    let top = rng.random::<f32>() * room(photo.height, canvas.height);
    let (gain, mirrored) = (rng.random_range(0.7..1.3_f32), rng.random::<bool>());
    let width = canvas.width;
    for index in 0..canvas.rgb.len() {
        let (x, y) = (index % width, index / width);
        let x = if mirrored { width - 1 - x } else { x };
        canvas.rgb[index] = photo.mean(left + x as f32 * scale, top + y as f32 * scale, scale).map(|v| v * gain);
    }
}

impl Photo {
    /// The mean over a square, by a few samples.
    fn mean(&self, left: f32, top: f32, side: f32) -> [f32; 3] {
        let taps = (side.ceil() as usize).clamp(1, 3);
        let mut sum = [0.0; 3];
        for tap in 0..taps * taps {
            let at = |part: usize| (part as f32 + 0.5) / taps as f32 * side;
            let x = ((left + at(tap % taps)) as u32).min(self.width - 1);
            let y = ((top + at(tap / taps)) as u32).min(self.height - 1);
            let pixel = self.pixels[(y * self.width + x) as usize];
            for channel in 0..3 {
                sum[channel] += pixel[channel];
            }
        }
        sum.map(|value| value / (taps * taps) as f32)
    }
}

fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * share)
}
