use super::canvas::Canvas;
use rand::Rng;

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
