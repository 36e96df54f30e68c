use super::Flux2Config;
use crate::nn::Linear;
use crate::weights::Vars;
use tch::{Device, Kind, Tensor};

/// Rotations of queries and keys for one layout of tokens: the text's, then the image's.
///
/// Depends on the resolution and the text length only: made once per resolution, used by every block and step.
#[derive(Debug)]
pub struct Rotary {
    turns: Tensor, // complex (1, tokens, 1, head_dim / 2)
}

/// How the tokens of a forward lie: the text first, then the image row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenLayout {
    /// Text tokens, positions (0, 0, 0, index).
    pub text: i64,
    /// Rows of the latent grid, positions (0, row, column, 0).
    pub rows: i64,
    /// Columns of the latent grid.
    pub columns: i64,
}

impl TokenLayout {
    fn positions(self) -> impl Iterator<Item = [i64; 4]> {
        let text = (0..self.text).map(|index| [0, 0, 0, index]);
        let image = (0..self.rows).flat_map(move |row| (0..self.columns).map(move |column| [0, row, column, 0]));
        text.chain(image)
    }

    /// Image tokens.
    #[must_use]
    pub fn image(self) -> i64 {
        self.rows * self.columns
    }
}

impl Rotary {
    /// Angles in f64 (as the reference), rotations in f32.
    #[must_use]
    pub fn new(config: &Flux2Config, layout: TokenLayout, device: Device) -> Self {
        let angles: Vec<f64> = layout.positions().flat_map(|at| angles(config, at)).collect();
        let half = config.attention_head_dim / 2;
        let angles = Tensor::from_slice(&angles).view([1, -1, 1, half]);
        let [cos, sin] = [angles.cos(), angles.sin()].map(|x| x.to_kind(Kind::Float));
        Self { turns: Tensor::complex(&cos, &sin).to_device(device) }
    }

    /// Tokens the rotations are for.
    pub(super) fn tokens(&self) -> i64 {
        self.turns.size()[1]
    }

    /// Turns neighbouring pairs of channels of `x`: (batch, tokens, heads, head_dim).
    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let (kind, shape) = (x.kind(), x.size());
        let pairs = [&shape[..3], &[shape[3] / 2, 2]].concat();
        let turned = x.to_kind(Kind::Float).reshape(pairs).view_as_complex() * &self.turns;
        turned.view_as_real().flatten(3, 4).to_kind(kind)
    }
}

/// The angles of one token: each axis turns its own share of a head's channels.
fn angles(config: &Flux2Config, at: [i64; 4]) -> Vec<f64> {
    let axes = at.into_iter().zip(config.axes_dims_rope);
    axes.flat_map(|(position, dim)| {
        let frequency = move |pair: i64| config.rope_theta.powf(-((2 * pair) as f64 / dim as f64));
        (0..dim / 2).map(move |pair| position as f64 * frequency(pair))
    })
    .collect()
}

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

/// `*_modulation`: shifts, scales and gates for all blocks of a kind, from the time vector.
#[derive(Debug)]
pub(super) struct Modulation {
    linear: Linear,
}

/// What a sub-block does to its input and output: (n, 1, dim) each.
#[derive(Debug)]
pub(super) struct Mod {
    shift: Tensor,
    scale: Tensor,
    gate: Tensor,
}

impl Modulation {
    /// For `sets` sub-blocks per block.
    pub(super) fn load(vars: &Vars<'_>, dim: i64, sets: i64) -> Self {
        Self { linear: Linear::load(&vars.sub("linear"), dim, 3 * sets * dim) }
    }

    /// `temb`: (n, dim); `N` must be the number of sets the layer was loaded for.
    pub(super) fn forward<const N: usize>(&self, temb: &Tensor) -> [Mod; N] {
        let all = self.linear.forward(&temb.silu()).unsqueeze(1); // (n, 1, 3 · N · dim)
        let parts = all.chunk(3 * N as i64, -1);
        std::array::from_fn(|set| Mod {
            shift: parts[3 * set].shallow_clone(),
            scale: &parts[3 * set + 1] + 1.0,
            gate: parts[3 * set + 2].shallow_clone(),
        })
    }
}

impl Mod {
    /// `(1 + scale) · normed + shift`.
    pub(super) fn modulate(&self, normed: &Tensor) -> Tensor {
        self.shift.addcmul(&self.scale, normed)
    }

    /// `residual + gate · x`.
    pub(super) fn add_gated(&self, residual: &Tensor, x: &Tensor) -> Tensor {
        residual.addcmul(&self.gate, x)
    }
}
