use crate::noise::Uniform;
use tch::{Kind, Tensor};

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// The likeliest one.
    Greedy,
    /// Drawn from the likeliest ones.
    TopP {
        /// Above 0: what logits are divided by. Below 1 the likely become likelier.
        temperature: f64,
        /// In (0, 1]: draws from the fewest tokens that together are at least this likely.
        top_p: f64,
    },
}

impl Sampling {
    /// Whether the numbers are within their ranges.
    pub(super) fn is_valid(self) -> bool {
        match self {
            Self::Greedy => true,
            Self::TopP { temperature, top_p } => {
                temperature > 0.0 && temperature.is_finite() && top_p > 0.0 && top_p <= 1.0
            }
        }
    }
}

/// Chooses tokens. Draws come from the seed alone, not from libtorch's generator.
pub(super) struct Sampler {
    sampling: Sampling,
    uniform: Uniform,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling, seed: u64) -> Self {
        Self { sampling, uniform: Uniform::new(seed) }
    }

    /// The token for `logits` (vocabulary), f32, where `-inf` is what must not come.
    pub(super) fn choose(&mut self, logits: &Tensor) -> i64 {
        let Sampling::TopP { temperature, top_p } = self.sampling else {
            return logits.argmax(0, false).int64_value(&[]);
        };
        let chances = (logits.to_kind(Kind::Double) / temperature).softmax(0, Kind::Double);
        let (falling, ids) = chances.sort_stable(true, 0, true);
        let sums = falling.cumsum(0, Kind::Double);
        // The token that reaches top_p is the last one to draw from.
        let kept = (&sums - &falling).lt(top_p).sum(Kind::Int64).int64_value(&[]).max(1);
        let drawn = self.uniform.draw() * sums.double_value(&[kept - 1]);
        let place = sums.lt(drawn).sum(Kind::Int64).int64_value(&[]).min(kept - 1);
        ids.int64_value(&[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits of the chances 0.05, 0.5, 0, 0.15, 0.3.
    fn logits() -> Tensor {
        Tensor::from_slice(&[0.05_f32, 0.5, 0.0, 0.15, 0.3]).log()
    }

    fn shares(sampling: Sampling) -> [f64; 5] {
        let (mut sampler, mut counts) = (Sampler::new(sampling, 3), [0; 5]);
        for _ in 0..4000 {
            counts[sampler.choose(&logits()) as usize] += 1;
        }
        counts.map(|count| f64::from(count) / 4000.0)
    }

    #[track_caller]
    fn assert_near(shares: [f64; 5], expected: [f64; 5]) {
        let near = shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.03 && (*a > 0.0) == (b > 0.0));
        assert!(near, "{shares:?} instead of {expected:?}");
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let top_p = |temperature, top_p| shares(Sampling::TopP { temperature, top_p });
        assert_near(top_p(1.0, 1.0), [0.05, 0.5, 0.0, 0.15, 0.3]);
        assert_near(top_p(1.0, 0.79), [0.0, 0.625, 0.0, 0.0, 0.375]);
        assert_near(top_p(1.0, 0.81), [0.0, 0.526, 0.0, 0.158, 0.316]);
        assert_near(top_p(1.0, 0.01), [0.0, 1.0, 0.0, 0.0, 0.0]);
        // Squared and made to add up to one again.
        assert_near(top_p(0.5, 1.0), [0.007, 0.685, 0.0, 0.062, 0.247]);
        assert_near(shares(Sampling::Greedy), [0.0, 1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn draws_follow_the_seed() {
        let draw = |seed| {
            let mut sampler = Sampler::new(Sampling::TopP { temperature: 1.0, top_p: 1.0 }, seed);
            (0..32).map(|_| sampler.choose(&logits())).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
