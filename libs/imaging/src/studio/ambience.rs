//! The light of a scene, read off its pixels, so that what is set into it can be lit alike.

use image::RgbImage;
use serde::{Deserialize, Serialize};

/// The light of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ambience {
    /// Where the light comes from: −1 left, 0 above, 1 right.
    pub light: f32,
    /// The colour that the surroundings throw back: 1 in every channel is neutral, the mean is 1.
    pub cast: [f32; 3],
    /// How soft shadows are: 1 is usual, more in even light.
    pub softness: f32,
}

/// How much of the light that a shadow lacks comes back from the surroundings.
const BOUNCE: f32 = 0.16;
/// How far the half-transparent rim of a subject takes on the colour of the surroundings.
const SPILL: f32 = 0.6;
/// A difference of the two sides by this share of their sum is light from the side alone.
const ONE_SIDED: f32 = 0.3;
/// How far a channel of the cast may be from neutral.
const MOST_CAST: f32 = 0.5;

impl Ambience {
    /// Reads a scene: the direction off how the lightness falls from one side to the other, the cast off the lower half,
    /// where subjects stand.
    pub fn of(scene: &RgbImage) -> Self {
        let (width, height) = scene.dimensions();
        let step = (width.max(height) / 192).max(1) as usize;
        let (mut pull, mut weight, mut light_sum, mut count) = (0.0_f64, 0.0_f64, 0.0_f64, 0_u32);
        let mut colour = [0.0_f64; 3];
        for y in (0..height).step_by(step) {
            for x in (0..width).step_by(step) {
                let pixel = scene.get_pixel(x, y).0.map(f64::from);
                let light = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
                let side = (f64::from(x) + 0.5) / f64::from(width) * 2.0 - 1.0;
                // Two thirds from the rim inwards count alike, so that a vignette has no direction.
                pull += light * side;
                weight += side.abs();
                light_sum += light;
                count += 1;
                if y * 2 >= height {
                    (0..3).for_each(|k| colour[k] += pixel[k]);
                }
            }
        }
        let mean = light_sum / f64::from(count.max(1));
        let slope = if weight > 0.0 && mean > 1.0 { pull / weight / mean } else { 0.0 };
        let light = (slope as f32 / ONE_SIDED).clamp(-1.0, 1.0);
        Self { light, cast: cast(colour), softness: 1.35 - 0.5 * light.abs() }
    }

    /// What is left of each channel where `missing` of the light is kept away by a subject.
    pub(super) fn shaded(&self, missing: f32) -> [f32; 3] {
        self.cast.map(|cast| 1.0 - missing * (1.0 - BOUNCE * (cast - 0.5).max(0.0)))
    }

    /// A subject's colour where it is opaque to `alpha`: its rim takes on the cast, all that is opaque stays as it is.
    pub(super) fn spilt(&self, colour: [f32; 3], alpha: f32) -> [f32; 3] {
        std::array::from_fn(|k| colour[k] * (1.0 + (self.cast[k] - 1.0) * SPILL * (1.0 - alpha)))
    }
}

/// Channels over their mean; black is neutral.
fn cast(sum: [f64; 3]) -> [f32; 3] {
    let mean = sum.iter().sum::<f64>() / 3.0;
    if mean <= 0.0 {
        return [1.0; 3];
    }
    sum.map(|channel| ((channel / mean) as f32).clamp(1.0 - MOST_CAST, 1.0 + MOST_CAST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn light_is_read_off_its_fall_and_colour_off_the_ground() {
        let lit = |left: f32, right: f32| {
            RgbImage::from_fn(80, 60, |x, _| Rgb([(left + (right - left) * x as f32 / 80.0) as u8; 3]))
        };
        let (left, right) = (Ambience::of(&lit(220.0, 90.0)), Ambience::of(&lit(90.0, 220.0)));
        assert!(left.light < -0.5 && right.light > 0.5, "{left:?} {right:?}");
        let even = Ambience::of(&lit(180.0, 180.0));
        assert!(even.light.abs() < 0.02 && even.softness > left.softness, "{even:?}");
        let vignette = RgbImage::from_fn(80, 60, |x, _| Rgb([(230 - x.abs_diff(40) * 3) as u8; 3]));
        assert!(Ambience::of(&vignette).light.abs() < 0.05);
        let warm = Ambience::of(&RgbImage::from_pixel(40, 40, Rgb([200, 150, 100])));
        assert!(warm.cast[0] > 1.2 && warm.cast[2] < 0.8, "{warm:?}");
        assert_eq!(Ambience::of(&RgbImage::new(4, 4)).cast, [1.0; 3]);
    }

    #[test]
    fn what_is_opaque_is_not_tinted() {
        let warm = Ambience { light: 0.0, cast: [1.4, 1.0, 0.6], softness: 1.0 };
        assert_eq!(warm.spilt([10.0, 20.0, 30.0], 1.0), [10.0, 20.0, 30.0]);
        assert!(warm.spilt([10.0, 20.0, 30.0], 0.2)[0] > 10.0);
        let shaded = warm.shaded(0.5);
        assert!(shaded[0] > shaded[2] && shaded[0] < 1.0, "{shaded:?}");
    }
}
