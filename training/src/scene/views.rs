use super::canvas::{Canvas, Light, Pose};
use super::{backdrop, degrade};
use crate::data::{Object, Photo};
use rand::Rng;

/// Side of a cut-out as the subject encoder takes it.
pub(crate) const CUT_SIDE: usize = 64;
/// Share of the square that the larger side of a subject takes.
const FILL: f32 = 0.92;

/// A view of an object as a cut-out: seen before something, at some size, light and angle, cropped or blurred, then cut
/// out none too well. Planes of R, G, B (−1..=1 over grey) and alpha (0..=1).
pub(crate) fn view(object: &Object, photos: &[&Photo], rng: &mut impl Rng) -> Vec<f32> {
    let side = rng.random_range(16.0..CUT_SIDE as f32);
    let frame = (side / FILL).ceil() as usize;
    let mut canvas = Canvas::new(frame, frame, [0.5; 3]);
    backdrop::anything(&mut canvas, photos, rng);
    let middle = frame as f32 / 2.0;
    let mut off = || rng.random_range(-0.06..0.06) * side;
    let at = [middle + off(), middle + off()];
    let gain = rng.random_range(0.75..1.2_f32);
    let light = Light {
        gain: [(); 3].map(|()| gain * rng.random_range(0.93..1.07)),
        shade: rng.random_range(0.0..0.35),
        from: rng.random_range(0.0..360.0),
    };
    let pose = Pose {
        at,
        side: side * rng.random_range(0.9..1.1),
        turn: rng.random_range(-20.0..20.0),
        mirrored: rng.random_bool(0.15),
    };
    canvas.draw(object, &pose, &light);
    degrade::degrade(&mut canvas, rng);
    cut(&canvas, rng)
}

/// The canvas cut out along its cover, a little too wide or too narrow, as large as the encoder takes it.
fn cut(canvas: &Canvas, rng: &mut impl Rng) -> Vec<f32> {
    let (slack, hard) = (rng.random_range(-0.3..0.3_f32), rng.random_range(0.8..3.0_f32));
    let scale = canvas.width as f32 / CUT_SIDE as f32;
    let mut planes = vec![0.0; 4 * CUT_SIDE * CUT_SIDE];
    for index in 0..CUT_SIDE * CUT_SIDE {
        let at = |place: usize| (place as f32 + 0.5) * scale;
        let (rgb, cover) = canvas.sample(at(index % CUT_SIDE), at(index / CUT_SIDE));
        let alpha = ((cover - 0.5 + slack) * hard + 0.5).clamp(0.0, 1.0);
        for (channel, value) in rgb.into_iter().enumerate() {
            planes[channel * CUT_SIDE * CUT_SIDE + index] = (value * 2.0 - 1.0) * alpha;
        }
        planes[3 * CUT_SIDE * CUT_SIDE + index] = alpha;
    }
    planes
}
