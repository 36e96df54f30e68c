//! Convolution and group norm over maps, for the autoencoder, the upscalers and the networks that see.

use crate::weights::Vars;
use tch::Tensor;

/// A square convolution with bias over (batch, channels, height, width).
///
/// The weight lies channels-last, and libtorch's convolutions hand that layout on: one such layer turns the maps of a
/// whole network, whose other layers keep what they are given. On a CPU that saves the reordering before and after every
/// layer (this crate's README has the numbers), on a GPU tensor cores want it.
#[derive(Debug)]
pub(crate) struct Conv2d {
    weight: Tensor, // (out, in / groups, kernel, kernel)
    bias: Tensor,   // (out)
    stride: i64,
    padding: i64,
    dilation: i64,
    groups: i64,
    /// Pixels of zero above and left, and below and right, besides `padding`.
    uneven: Option<[i64; 2]>,
}

impl Conv2d {
    /// `weight`, `bias`; keeps height and width. `kernel` is odd.
    pub(crate) fn load(vars: &Vars<'_>, channels_in: i64, channels_out: i64, kernel: i64) -> Self {
        Self::load_filters(vars, [channels_out, channels_in], kernel)
    }

    /// So many filters over so many channels each.
    fn load_filters(vars: &Vars<'_>, [channels_out, channels_in]: [i64; 2], kernel: i64) -> Self {
        Self {
            weight: vars.filters("weight", [channels_out, channels_in, kernel, kernel]),
            bias: vars.tensor("bias", &[channels_out]),
            stride: 1,
            padding: kernel / 2,
            dilation: 1,
            groups: 1,
            uneven: None,
        }
    }

    /// 3 × 3 over every `dilation`th pixel; keeps height and width.
    pub(crate) fn load_dilated(vars: &Vars<'_>, channels_in: i64, channels_out: i64, dilation: i64) -> Self {
        Self { padding: dilation, dilation, ..Self::load(vars, channels_in, channels_out, 3) }
    }

    /// 3 × 3, halves height and width, without padding.
    pub(crate) fn load_halving(vars: &Vars<'_>, channels: i64) -> Self {
        Self { stride: 2, padding: 0, ..Self::load(vars, channels, channels, 3) }
    }

    /// A filter for each channel alone; keeps height and width. `kernel` is odd.
    pub(crate) fn load_depthwise(vars: &Vars<'_>, channels: i64, kernel: i64) -> Self {
        Self { groups: channels, ..Self::load_filters(vars, [channels, 1], kernel) }
    }

    /// The same filters at every second pixel of an even height and width, padded as TensorFlow does: one pixel more below
    /// and right than above and left.
    pub(crate) fn halving(self) -> Self {
        let kernel = 2 * self.padding + 1;
        Self { stride: 2, padding: 0, uneven: Some([(kernel - 2) / 2, (kernel - 1) / 2]), ..self }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let padded = self.uneven.map(|[before, after]| x.constant_pad_nd([before, after, before, after]));
        let (x, bias) = (padded.as_ref().unwrap_or(x), Some(&self.bias));
        x.conv2d(&self.weight, bias, [self.stride; 2], [self.padding; 2], [self.dilation; 2], self.groups)
    }
}

/// Group norm with learnt scale and shift.
#[derive(Debug)]
pub(crate) struct GroupNorm {
    weight: Tensor, // (channels)
    bias: Tensor,   // (channels)
    groups: i64,
    eps: f64,
}

impl GroupNorm {
    pub(crate) fn load(vars: &Vars<'_>, channels: i64, groups: i64, eps: f64) -> Self {
        Self { weight: vars.tensor("weight", &[channels]), bias: vars.tensor("bias", &[channels]), groups, eps }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        x.group_norm(self.groups, Some(&self.weight), Some(&self.bias), self.eps, true)
    }
}

/// The same values, laid out so that the channels of a pixel lie side by side.
pub(crate) fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}
