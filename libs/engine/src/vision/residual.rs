use crate::conv::{Conv2d, GroupNorm};
use crate::weights::Vars;
use tch::Tensor;

/// Channels that are normed together.
const GROUP: i64 = 8;
const EPS: f64 = 1e-5;

/// Convolution, group norm, SiLU.
#[derive(Debug)]
pub(super) struct ConvUnit {
    conv: Conv2d,
    norm: GroupNorm,
}

impl ConvUnit {
    /// Keeps the size, or halves it.
    pub(super) fn load(vars: &Vars<'_>, channels_in: i64, channels_out: i64, halve: bool) -> Self {
        let load = if halve { Conv2d::load_strided } else { Conv2d::load };
        Self {
            conv: load(&vars.sub("conv"), channels_in, channels_out, 3),
            norm: GroupNorm::load(&vars.sub("norm"), channels_out, channels_out / GROUP, EPS),
        }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        self.norm.forward(&self.conv.forward(x)).silu()
    }
}

/// Two convolutions round which the input goes as well.
#[derive(Debug)]
pub(super) struct Residual {
    first: ConvUnit,
    conv: Conv2d,
    norm: GroupNorm,
}

impl Residual {
    pub(super) fn load(vars: &Vars<'_>, channels: i64) -> Self {
        Self {
            first: ConvUnit::load(&vars.sub("first"), channels, channels, false),
            conv: Conv2d::load(&vars.sub("conv"), channels, channels, 3),
            norm: GroupNorm::load(&vars.sub("norm"), channels, channels / GROUP, EPS),
        }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        (x + self.norm.forward(&self.conv.forward(&self.first.forward(x)))).silu()
    }
}
