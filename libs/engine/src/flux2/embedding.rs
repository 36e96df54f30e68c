use super::Flux2Config;
use crate::nn::Linear;
use crate::weights::Vars;
use tch::{Kind, Tensor};

/// `time_guidance_embed`: the time (and, where the network takes it, the guidance) as one vector.
#[derive(Debug)]
pub(super) struct TimeGuidanceEmbed {
    timestep_embedder: TimestepEmbedding,
    guidance_embedder: Option<TimestepEmbedding>,
    channels: i64,
}

impl TimeGuidanceEmbed {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        let guidance = config.guidance_embeds;
        Self {
            timestep_embedder: TimestepEmbedding::load(&vars.sub("timestep_embedder"), config),
            guidance_embedder: guidance.then(|| TimestepEmbedding::load(&vars.sub("guidance_embedder"), config)),
            channels: config.timestep_guidance_channels,
        }
    }

    /// `timestep` and `guidance` are (n), n being 1 or the batch; gives (n, dim).
    pub(super) fn forward(&self, timestep: &Tensor, guidance: Option<&Tensor>) -> Tensor {
        let embedded = self.timestep_embedder.forward(&sinusoid(&(timestep * 1000.0), self.channels));
        match (&self.guidance_embedder, guidance) {
            (Some(embedder), Some(guidance)) => {
                embedded + embedder.forward(&sinusoid(&(guidance * 1000.0), self.channels))
            }
            _ => embedded,
        }
    }
}

#[derive(Debug)]
struct TimestepEmbedding {
    linear_1: Linear,
    linear_2: Linear,
}

impl TimestepEmbedding {
    fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        Self {
            linear_1: Linear::load(&vars.sub("linear_1"), config.timestep_guidance_channels, config.dim()),
            linear_2: Linear::load(&vars.sub("linear_2"), config.dim(), config.dim()),
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        self.linear_2.forward(&self.linear_1.forward(x).silu())
    }
}

/// Cosines, then sines, of `x` (n) times falling frequencies; gives (n, channels) of `x`'s kind.
///
/// In f32 like the reference: with angles up to 1000 rad the rounding is part of what the network was trained on.
fn sinusoid(x: &Tensor, channels: i64) -> Tensor {
    let half = channels / 2;
    let exponent = Tensor::arange(half, (Kind::Float, x.device())) * -(10_000_f64.ln()) / half as f64;
    let angles = x.to_kind(Kind::Float).unsqueeze(1) * exponent.exp().unsqueeze(0); // (n, channels / 2)
    Tensor::cat(&[angles.cos(), angles.sin()], 1).to_kind(x.kind())
}
