use super::canvas::{Canvas, Light, Pose};
use super::{backdrop, degrade};
use crate::data::{Object, Photo};
use rand::Rng;
use rand::seq::IndexedRandom;

/// A picture with its true alpha.
pub(crate) struct Composite {
    /// Planes within −1..=1.
    pub(crate) picture: Vec<f32>,
    /// Within 0..=1.
    pub(crate) alpha: Vec<f32>,
}

/// One object, at times two, before anything at all, with shadows.
pub(crate) fn composite(side: usize, objects: &[&Object], photos: &[&Photo], rng: &mut impl Rng) -> Composite {
    let mut canvas = Canvas::new(side, side, [0.5; 3]);
    backdrop::anything(&mut canvas, photos, rng);
    let count = if rng.random_bool(0.2) { 2 } else { 1 };
    for _ in 0..count {
        put(&mut canvas, objects, photos, count, rng);
    }
    degrade::degrade(&mut canvas, rng);
    Composite { picture: canvas.planes(), alpha: canvas.cover }
}

fn put(canvas: &mut Canvas, objects: &[&Object], photos: &[&Photo], count: usize, rng: &mut impl Rng) {
    let Some(object) = objects.choose(rng) else { return };
    let frame = canvas.width as f32;
    let side = frame * rng.random_range(0.3..0.95) / count as f32;
    let mut place = || frame / 2.0 + rng.random_range(-0.5..0.5) * (frame - 0.7 * side).max(0.0);
    let at = [place(), place()];
    let pose = Pose { at, side, turn: rng.random_range(-30.0..30.0), mirrored: rng.random() };
    if rng.random_bool(0.6) {
        let foot = [at[0] + rng.random_range(-0.1..0.1) * side, at[1] + 0.45 * side];
        canvas.shade(foot, [side * rng.random_range(0.3..0.6), side * rng.random_range(0.05..0.2)], 0.5);
    }
    let light = Light {
        gain: [(); 3].map(|()| rng.random_range(0.6..1.25)),
        shade: rng.random_range(0.0..0.5),
        from: rng.random_range(0.0..360.0),
    };
    match photos.choose(rng).filter(|_| rng.random_bool(0.3)) {
        // The shape of an object with the surface of a photograph: real things are not as smooth as rendered ones.
        Some(photo) => {
            let (left, top) = (rng.random_range(0.0..0.5_f32), rng.random_range(0.0..0.5_f32));
            let depth = rng.random_range(0.4..1.0_f32);
            canvas.draw_with(object, &pose, |pixel, [u, v]| {
                let x = ((left + (u + 1.0) * 0.2) * photo.width as f32) as u32;
                let y = ((top + (v + 1.0) * 0.2) * photo.height as f32) as u32;
                let [r, g, b] = photo.pixels[(y.min(photo.height - 1) * photo.width + x.min(photo.width - 1)) as usize];
                let blend = |own: f32, texture: f32| own * (1.0 - depth) + texture * pixel[3] * depth;
                [blend(pixel[0], r), blend(pixel[1], g), blend(pixel[2], b), pixel[3]]
            });
        }
        None => canvas.draw(object, &pose, &light),
    }
}
