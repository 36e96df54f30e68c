//! The blocks that encoder and decoder share. Maps are taken by value, so that none lives longer than its use:
//! at full resolution each is hundreds of megabytes.

use super::AutoencoderConfig;
use crate::conv::{Conv2d, GroupNorm};
use crate::nn::{Linear, attend};
use crate::weights::Vars;
use tch::Tensor;

/// Epsilon of the norms inside blocks; no configuration changes it.
const EPS: f64 = 1e-6;

/// Norm, then SiLU in place.
fn activated(norm: &GroupNorm, x: Tensor) -> Tensor {
    norm.forward(&x).silu_()
}

/// `resnets.N` (diffusers `ResnetBlock2D` without time).
#[derive(Debug)]
pub(super) struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>, // where the number of channels changes
}

impl ResnetBlock {
    pub(super) fn load(vars: &Vars<'_>, channels_in: i64, channels_out: i64, groups: i64) -> Self {
        let shortcut = || Conv2d::load(&vars.sub("conv_shortcut"), channels_in, channels_out, 1);
        Self {
            norm1: GroupNorm::load(&vars.sub("norm1"), channels_in, groups, EPS),
            conv1: Conv2d::load(&vars.sub("conv1"), channels_in, channels_out, 3),
            norm2: GroupNorm::load(&vars.sub("norm2"), channels_out, groups, EPS),
            conv2: Conv2d::load(&vars.sub("conv2"), channels_out, channels_out, 3),
            conv_shortcut: (channels_in != channels_out).then(shortcut),
        }
    }

    /// `x`: (batch, channels in, height, width); gives (batch, channels out, height, width).
    pub(super) fn forward(&self, x: Tensor) -> Tensor {
        let inner = self.conv1.forward(&activated(&self.norm1, x.shallow_clone()));
        let shortcut = match &self.conv_shortcut {
            Some(convolution) => convolution.forward(&x),
            None => x,
        };
        let mut out = self.conv2.forward(&activated(&self.norm2, inner));
        out += shortcut;
        out
    }
}

/// `attentions.0`: every pixel of the coarsest map attends to all others, with one head.
#[derive(Debug)]
struct SpatialAttention {
    group_norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear, // to_out.0
}

impl SpatialAttention {
    fn load(vars: &Vars<'_>, channels: i64, groups: i64) -> Self {
        let linear = |name: &str| Linear::load_biased(&vars.sub(name), channels, channels);
        Self {
            group_norm: GroupNorm::load(&vars.sub("group_norm"), channels, groups, EPS),
            to_q: linear("to_q"),
            to_k: linear("to_k"),
            to_v: linear("to_v"),
            to_out: linear("to_out.0"),
        }
    }

    /// `x`: (batch, channels, height, width).
    fn forward(&self, x: Tensor) -> Tensor {
        let size = x.size();
        let tokens = self.group_norm.forward(&x).flatten(2, 3).transpose(1, 2); // (batch, height · width, channels)
        let [q, k, v] = [&self.to_q, &self.to_k, &self.to_v].map(|linear| linear.forward(&tokens).unsqueeze(2));
        let mut out = self.to_out.forward(&attend(&q, &k, &v)).transpose(1, 2).reshape(&size);
        out += x;
        out
    }
}

/// `mid_block`: a residual block, attention where the configuration has it, a residual block.
#[derive(Debug)]
pub(super) struct MidBlock {
    resnets: [ResnetBlock; 2],
    attention: Option<SpatialAttention>,
}

impl MidBlock {
    pub(super) fn load(vars: &Vars<'_>, channels: i64, config: &AutoencoderConfig) -> Self {
        let groups = config.norm_num_groups;
        let attention = || SpatialAttention::load(&vars.sub("attentions.0"), channels, groups);
        Self {
            resnets: [0, 1].map(|n| ResnetBlock::load(&vars.sub("resnets").sub(n), channels, channels, groups)),
            attention: config.mid_block_add_attention.then(attention),
        }
    }

    /// `x`: (batch, channels, height, width).
    pub(super) fn forward(&self, x: Tensor) -> Tensor {
        let [first, last] = &self.resnets;
        let x = first.forward(x);
        let x = match &self.attention {
            Some(attention) => attention.forward(x),
            None => x,
        };
        last.forward(x)
    }
}

/// `norm`, SiLU and `conv_out`, which end encoder and decoder.
#[derive(Debug)]
pub(super) struct Head {
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Head {
    /// From the encoder's or decoder's own names.
    pub(super) fn load(vars: &Vars<'_>, channels_in: i64, channels_out: i64, groups: i64) -> Self {
        Self {
            conv_norm_out: GroupNorm::load(&vars.sub("conv_norm_out"), channels_in, groups, EPS),
            conv_out: Conv2d::load(&vars.sub("conv_out"), channels_in, channels_out, 3),
        }
    }

    /// `x`: (batch, channels in, height, width).
    pub(super) fn forward(&self, x: Tensor) -> Tensor {
        self.conv_out.forward(&activated(&self.conv_norm_out, x))
    }
}
