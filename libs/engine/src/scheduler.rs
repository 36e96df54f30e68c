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
