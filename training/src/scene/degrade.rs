use super::canvas::Canvas;
use rand::Rng;

/// What cameras, lenses and codecs do to a picture: blur, noise, gamma, fewer colours.
pub(crate) fn degrade(canvas: &mut Canvas, rng: &mut impl Rng) {
    if rng.random_bool(0.5) {
        for _ in 0..rng.random_range(1..=2) {
            blur(canvas);
        }
    }
    let gamma = rng.random_range(0.8..1.25_f32);
    let noise = if rng.random_bool(0.5) { rng.random_range(0.0..0.05_f32) } else { 0.0 };
    let saturation = rng.random_range(0.7..1.2_f32);
    for pixel in &mut canvas.rgb {
        let grey = (pixel[0] + pixel[1] + pixel[2]) / 3.0;
        *pixel = pixel.map(|value| {
            let value = (grey + (value - grey) * saturation).clamp(0.0, 1.0).powf(gamma);
            (value + noise * (rng.random::<f32>() + rng.random::<f32>() - 1.0)).clamp(0.0, 1.0)
        });
    }
}

/// One, two, one in both directions.
pub(crate) fn blur(canvas: &mut Canvas) {
    let (width, height) = (canvas.width, canvas.height);
    for (step, length, lines, along) in [(1, width, height, width), (width, height, width, 1)] {
        for line in 0..lines {
            let start = line * along;
            let mut before = canvas.rgb[start];
            for place in 0..length {
                let here = canvas.rgb[start + place * step];
                let after = canvas.rgb[start + (place + 1).min(length - 1) * step];
                canvas.rgb[start + place * step] =
                    std::array::from_fn(|channel| (before[channel] + 2.0 * here[channel] + after[channel]) / 4.0);
                before = here;
            }
        }
    }
}
