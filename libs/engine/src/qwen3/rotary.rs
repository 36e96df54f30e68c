use super::Qwen3Config;
use tch::{Device, Kind, Tensor};

/// Rotations of queries and keys at the positions 0, 1, …: made once for the longest text, used by every layer and step.
#[derive(Debug)]
pub struct Rotary {
    cos: Tensor, // (tokens, head_dim)
    /// With the sign of the first half turned, so that turning a state needs no negation.
    sin: Tensor, // (tokens, head_dim)
}

impl Rotary {
    /// For texts of up to `tokens` tokens. Angles in f32, then as `kind`: both as the reference does.
    #[must_use]
    pub fn new(config: &Qwen3Config, tokens: i64, device: Device, kind: Kind) -> Self {
        let (dim, float) = (config.head_dim, (Kind::Float, Device::Cpu));
        let exponents = Tensor::arange_start_step(0, dim, 2, float) / dim as f64; // (head_dim / 2)
        let frequencies = Tensor::pow_scalar(config.rope_theta, &exponents).reciprocal();
        let angles = Tensor::arange(tokens, float).outer(&frequencies); // (tokens, head_dim / 2)
        let (cos, sin) = (angles.cos(), angles.sin());
        let both = |first: &Tensor, second: &Tensor| Tensor::cat(&[first, second], 1).to_kind(kind).to_device(device);
        Self { cos: both(&cos, &cos), sin: both(&-&sin, &sin) }
    }

    /// Tokens the rotations are for.
    pub(super) fn tokens(&self) -> i64 {
        self.cos.size()[0]
    }

    /// The rotations of `tokens` positions from `start`.
    pub(super) fn span(&self, start: i64, tokens: i64) -> Self {
        Self { cos: self.cos.narrow(0, start, tokens), sin: self.sin.narrow(0, start, tokens) }
    }

    /// Turns channel `i` with channel `i + head_dim / 2` of `x`: (batch, heads, tokens, head_dim).
    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let halves = x.chunk(2, -1);
        let swapped = Tensor::cat(&[&halves[1], &halves[0]], -1);
        x * &self.cos + swapped * &self.sin
    }
}
