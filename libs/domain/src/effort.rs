//! How many steps a tier is worth, and how few a deadline may leave.

use crate::Quality;

/// Steps that are reckoned with while no renderer has said its default.
pub const NOMINAL_STEPS: u32 = 12;
/// Steps of one image, at most.
pub const MAX_STEPS: u32 = 100;
/// Complexity up to which `auto` takes the model's default.
const SIMPLE: f64 = 0.25;

/// Denoising steps of a tier, of a brief of `complexity` 0..=1, for a model that takes `default` steps by itself:
/// `flash` half of them, `balanced` all, `best` twice as many, `auto` from all for a simple brief up to half as many
/// again for the most complex.
#[must_use]
pub fn steps(quality: Quality, complexity: f64, default: u32) -> u32 {
    let factor = match quality {
        Quality::Flash => 0.5,
        Quality::Balanced => 1.0,
        Quality::Best => 2.0,
        Quality::Auto => 1.0 + 0.5 * ((complexity - SIMPLE) / (1.0 - SIMPLE)).clamp(0.0, 1.0),
    };
    let steps = (f64::from(default) * factor).round() as u32;
    steps.clamp(fewest_steps(default), MAX_STEPS)
}

/// The fewest steps that a deadline may press a plan to: a third of the model's default, 1 at least.
#[must_use]
pub fn fewest_steps(default: u32) -> u32 {
    default.div_ceil(3).max(1)
}

/// How little the velocity may change from one step to the next (relative error) for the image to go straight to its end;
/// 0 takes every step.
#[must_use]
pub fn early_stop(quality: Quality) -> f32 {
    match quality {
        Quality::Flash => 0.02,
        Quality::Balanced | Quality::Auto => 0.005,
        Quality::Best => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_relative_to_the_model_and_bounded() {
        let of = |default: u32| {
            [Quality::Flash, Quality::Balanced, Quality::Auto, Quality::Best].map(|q| steps(q, 0.1, default))
        };
        assert_eq!(of(12), [6, 12, 12, 24]);
        assert_eq!(of(4), [2, 4, 4, 8]);
        assert_eq!(of(1), [1, 1, 1, 2]);
        assert_eq!(of(80), [40, 80, 80, 100]);
        assert_eq!([12, 4, 1].map(fewest_steps), [4, 2, 1]);
    }

    #[test]
    fn auto_takes_more_steps_the_more_is_asked_for() {
        let steps: Vec<u32> = [0.0, 0.25, 0.625, 1.0, 7.0].map(|c| steps(Quality::Auto, c, 12)).into();
        assert_eq!(steps, [12, 12, 15, 18, 18]);
    }
}
