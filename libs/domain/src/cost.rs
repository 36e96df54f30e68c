//! What drawing an image costs, learned from what it cost: a mean and a variance per kind of image, and a guess for
//! kinds that were never drawn.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much the newest sample weighs once a cost is settled; before that every sample weighs the same.
const NEWEST: f64 = 0.1;
/// Standard deviations between the mean and the upper estimate.
const SIGMAS: f64 = 2.0;
/// Samples from which on a variance is believed; with fewer, the deviation is at least [`DOUBT`] of the mean.
const ENOUGH: u64 = 5;
/// Least deviation of an estimate that rests on few samples or on another kind, as a share of the mean.
const DOUBT: f64 = 0.25;
/// Seconds per megapixel and step when nothing is known: a large model on one large GPU, about.
const PRIOR_SECONDS: f64 = 0.2;
/// Samples of one kind that count, at most, in [`CostModel::typical`].
const COUNTED: u64 = 32;

/// A number of pixels to within a fifth: half octaves, so 1024 × 1024 and 832 × 1248 are one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SizeBucket(pub i32);

impl SizeBucket {
    /// The bucket of an image of width × height pixels.
    #[must_use]
    pub fn of([width, height]: [u32; 2]) -> Self {
        let pixels = (f64::from(width) * f64::from(height)).max(1.0);
        Self((pixels.log2() * 2.0).round() as i32)
    }

    /// The pixels in its middle.
    #[must_use]
    pub fn pixels(self) -> f64 {
        (f64::from(self.0) / 2.0).exp2()
    }
}

/// A kind of image: all that its cost depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CostKey {
    /// Model name and version.
    pub model: String,
    /// Pixels that are drawn, before enlarging.
    pub size: SizeBucket,
    /// Denoising steps; 0 where nothing is denoised.
    pub steps: u32,
    /// Reference pictures.
    pub references: u32,
    /// Images that shared the batch, 1 or more.
    pub batch: u32,
}

impl CostKey {
    /// Pixels × steps × (1 + references): what the cost of unknown kinds is scaled by.
    #[must_use]
    pub fn work(&self) -> f64 {
        self.size.pixels() * f64::from(self.steps.max(1)) * f64::from(1 + self.references)
    }

    /// How far another kind of the same model is from this one, 0 for the same.
    fn distance(&self, other: &Self) -> f64 {
        let apart = |one: f64, two: f64| (one / two).ln().abs();
        apart(self.work(), other.work())
            + apart(self.size.pixels(), other.size.pixels())
            + apart(f64::from(1 + self.references), f64::from(1 + other.references))
            + apart(f64::from(self.batch.max(1)), f64::from(other.batch.max(1)))
    }
}

/// Seconds per image of one kind: exponentially weighted mean and variance.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Mean, seconds.
    pub mean: f64,
    /// Variance, seconds².
    pub variance: f64,
    /// Images that were measured.
    pub samples: u64,
}

impl Cost {
    /// Takes a measured image in. What is not a time is left out.
    pub fn observe(&mut self, seconds: f64) {
        if !seconds.is_finite() || seconds < 0.0 {
            return;
        }
        self.samples += 1;
        let weight = (1.0 / self.samples as f64).max(NEWEST);
        let off = seconds - self.mean;
        self.mean += weight * off;
        self.variance = (1.0 - weight) * (self.variance + weight * off * off);
    }

    /// Standard deviation in seconds, no less than few samples allow.
    fn deviation(&self) -> f64 {
        let least = if self.samples < ENOUGH { DOUBT * self.mean } else { 0.0 };
        self.variance.sqrt().max(least)
    }
}

/// What an estimate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Images of this very kind.
    Known,
    /// The nearest kind of the same model, scaled by the work.
    Scaled,
    /// Nothing: a stated guess.
    Prior,
}

/// What an image will probably cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Seconds, on average.
    pub mean: f64,
    /// Seconds that are seldom exceeded: two standard deviations above the mean.
    pub upper: f64,
    /// How we know.
    pub basis: Basis,
}

/// All that is known of costs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CostModel(BTreeMap<CostKey, Cost>);

impl FromIterator<(CostKey, Cost)> for CostModel {
    fn from_iter<T: IntoIterator<Item = (CostKey, Cost)>>(costs: T) -> Self {
        Self(costs.into_iter().collect())
    }
}

impl CostModel {
    /// Whether any image of this model was ever measured.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.of(model).next().is_some()
    }

    /// What an image of this kind will cost.
    #[must_use]
    pub fn predict(&self, key: &CostKey) -> Estimate {
        if let Some(cost) = self.0.get(key).filter(|cost| cost.samples > 0) {
            return estimate(cost.mean, cost.deviation(), Basis::Known);
        }
        let nearest = self.of(&key.model).min_by(|(a, _), (b, _)| key.distance(a).total_cmp(&key.distance(b)));
        match nearest {
            Some((known, cost)) => {
                let mean = cost.mean * key.work() / known.work();
                let deviation = (cost.deviation() * key.work() / known.work()).max(DOUBT * mean);
                estimate(mean, deviation, Basis::Scaled)
            }
            None => {
                let mean = PRIOR_SECONDS * key.work() / 1e6;
                estimate(mean, mean, Basis::Prior)
            }
        }
    }

    /// Seconds per image of this model, over what it was mostly asked for; `None` when nothing is known.
    #[must_use]
    pub fn typical(&self, model: &str) -> Option<f64> {
        let weighed = |cost: &Cost| cost.samples.min(COUNTED) as f64;
        let (sum, weight) =
            self.of(model).fold((0.0, 0.0), |(sum, all), (_, c)| (sum + weighed(c) * c.mean, all + weighed(c)));
        (weight > 0.0).then(|| sum / weight)
    }

    fn of<'a>(&'a self, model: &'a str) -> impl Iterator<Item = (&'a CostKey, &'a Cost)> {
        self.0.iter().filter(move |(key, cost)| key.model == model && cost.samples > 0)
    }
}

fn estimate(mean: f64, deviation: f64, basis: Basis) -> Estimate {
    Estimate { mean, upper: mean + SIGMAS * deviation, basis }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(side: u32, steps: u32, references: u32) -> CostKey {
        CostKey { model: "m".into(), size: SizeBucket::of([side, side]), steps, references, batch: 1 }
    }

    fn cost(seconds: &[f64]) -> Cost {
        let mut cost = Cost::default();
        seconds.iter().for_each(|seconds| cost.observe(*seconds));
        cost
    }

    #[test]
    fn sizes_of_nearly_as_many_pixels_are_one_bucket() {
        assert_eq!(SizeBucket::of([1024, 1024]), SizeBucket::of([832, 1248]));
        assert_ne!(SizeBucket::of([1024, 1024]), SizeBucket::of([768, 1024]));
        assert_eq!(SizeBucket::of([64, 64]).pixels(), 4096.0);
        assert_eq!(SizeBucket::of([0, 7]).pixels(), 1.0);
    }

    #[test]
    fn few_samples_are_averaged_and_many_follow_the_newest() {
        let few = cost(&[1.0, 2.0, 3.0]);
        assert_eq!((few.mean, few.samples), (2.0, 3));
        assert!((few.variance - 2.0 / 3.0).abs() < 1e-12, "{few:?}");
        let mut moved = cost(&[1.0; 100]);
        assert_eq!((moved.mean, moved.variance), (1.0, 0.0));
        (0..60).for_each(|_| moved.observe(3.0));
        assert!((moved.mean - 3.0).abs() < 0.01, "{moved:?}");
        let before = moved;
        [f64::NAN, f64::INFINITY, -1.0].into_iter().for_each(|seconds| moved.observe(seconds));
        assert_eq!(moved, before);
    }

    #[test]
    fn an_unknown_kind_is_scaled_from_the_nearest_and_trusted_less() {
        let model = CostModel::from_iter([(key(512, 4, 0), cost(&[1.0; 20])), (key(1024, 4, 0), cost(&[5.0; 20]))]);
        let known = model.predict(&key(1024, 4, 0));
        assert_eq!((known.mean, known.upper, known.basis), (5.0, 5.0, Basis::Known));
        let more_steps = model.predict(&key(1024, 8, 0));
        assert_eq!((more_steps.mean, more_steps.basis), (10.0, Basis::Scaled));
        assert_eq!(more_steps.upper, 15.0);
        assert_eq!(model.predict(&key(512, 4, 1)).mean, 2.0, "a reference doubles the work");
        assert_eq!(model.predict(&CostKey { batch: 4, ..key(512, 4, 0) }).mean, 1.0, "a batch changes no work");
    }

    #[test]
    fn nothing_known_is_the_stated_guess_and_says_so() {
        let model = CostModel::from_iter([(key(512, 4, 0), cost(&[9.0]))]);
        let other = CostKey { model: "other".into(), ..key(1000, 5, 0) };
        let guess = model.predict(&other);
        assert_eq!((guess.basis, guess.upper), (Basis::Prior, guess.mean * 3.0));
        assert!((0.8..1.3).contains(&guess.mean), "a megapixel, five steps: {guess:?}");
        assert!(!model.knows("other") && model.knows("m"));
        assert_eq!(model.typical("other"), None);
    }

    #[test]
    fn one_sample_is_no_certainty_and_the_typical_cost_follows_what_is_asked_for() {
        let model = CostModel::from_iter([(key(512, 4, 0), cost(&[1.0])), (key(1024, 4, 0), cost(&[4.0; 3]))]);
        assert_eq!(model.predict(&key(512, 4, 0)).upper, 1.5);
        assert_eq!(model.typical("m"), Some(3.25));
    }
}
