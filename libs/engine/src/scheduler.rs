//! Flow matching by Euler steps. Stateless: a step is a function of its index.

use crate::error::{EngineError, ErrorKind, Result};

/// The times of a schedule, from pure noise (1) to the image (0).
#[derive(Debug, Clone, PartialEq)]
pub struct FlowMatchEuler {
    times: Vec<f64>, // steps + 1
}

impl FlowMatchEuler {
    /// `steps` steps with the times bent by `t = shift · s / (1 + (shift − 1) · s)` for s from 1 to 0 evenly.
    ///
    /// A shift above 1 spends more steps at high noise; 1 spaces them evenly.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] unless `steps` is within 1..=100 and `shift` is positive and finite.
    pub fn new(steps: usize, shift: f64) -> Result<Self> {
        if !(1..=100).contains(&steps) {
            return Err(EngineError::new(ErrorKind::Invalid, format!("steps is {steps}, not within 1..=100")));
        }
        if !(shift.is_finite() && shift > 0.0) {
            return Err(EngineError::new(ErrorKind::Invalid, format!("shift is {shift}, not a positive number")));
        }
        let even = (0..=steps).map(|i| (steps - i) as f64 / steps as f64);
        Ok(Self { times: even.map(|s| shift * s / (1.0 + (shift - 1.0) * s)).collect() })
    }

    /// The schedule of FLUX.2: its shift is `exp(mu)`, mu an empirical function of image tokens and steps
    /// (diffusers 0.42, `compute_empirical_mu`).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn empirical(steps: usize, image_tokens: i64) -> Result<Self> {
        let tokens = image_tokens as f64;
        let at_200_steps = 0.000_169_27 * tokens + 0.456_666_66;
        let mu = if image_tokens > 4300 {
            at_200_steps
        } else {
            let at_10_steps = 8.738_095_24e-5 * tokens + 1.898_333_33;
            let slope = (at_200_steps - at_10_steps) / 190.0;
            at_200_steps + slope * (steps as f64 - 200.0)
        };
        let even = Self::new(steps, 1.0)?;
        Ok(Self { times: even.times.into_iter().map(|time| bent_in_f32(time, mu.exp())).collect() })
    }

    /// The part of the schedule that is left for an image that starts between its source and noise: the last
    /// `strength` of the steps, at least one (diffusers 0.42, `get_timesteps`).
    #[must_use]
    pub fn starting_at(&self, strength: f64) -> Self {
        let left = (self.steps() as f64 * strength).min(self.steps() as f64);
        let first = ((self.steps() as f64 - left) as usize).min(self.steps() - 1);
        Self { times: self.times[first..].to_vec() }
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.times.len() - 1
    }

    /// The time the network is told at step `index` (0-based, below [`Self::steps`]).
    #[must_use]
    pub fn time(&self, index: usize) -> f64 {
        self.times[index]
    }

    /// What the velocity is multiplied by before it is added to the latents at step `index`; negative.
    #[must_use]
    pub fn delta(&self, index: usize) -> f64 {
        self.times[index + 1] - self.times[index]
    }
}

/// An even time bent by `shift`, rounded where the reference rounds: the network is told a thousand times this number as an
/// angle, so the last bit shows.
fn bent_in_f32(even: f64, shift: f64) -> f64 {
    let (even, shift) = (even as f32, shift as f32);
    if even == 0.0 {
        return 0.0;
    }
    let bent = shift / (shift + (1.0 / even - 1.0));
    f64::from(bent * 1000.0 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_from_noise_to_image_with_the_stated_bend() {
        let schedule = FlowMatchEuler::new(12, 1.6).unwrap();
        assert_eq!((schedule.steps(), schedule.time(0)), (12, 1.0));
        let s = 11.0 / 12.0;
        assert!((schedule.time(1) - 1.6 * s / (1.0 + 0.6 * s)).abs() < 1e-15);
        let whole: f64 = (0..12).map(|i| schedule.delta(i)).sum();
        assert!((whole + 1.0).abs() < 1e-12, "the deltas lead from 1 to 0");
    }

    #[test]
    fn refuses_what_is_no_schedule() {
        for (steps, shift) in [(0, 1.0), (101, 1.0), (4, 0.0), (4, f64::NAN)] {
            assert_eq!(FlowMatchEuler::new(steps, shift).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }
}
