use super::network::PRelu;
use crate::conv::Conv2d;
use crate::weights::{Vars, Weights};
use tch::Tensor;

/// Slope of the activations below zero.
const SLOPE: f64 = 0.2;
/// What a block's result is scaled by before it is added to what went in.
const RESIDUAL: f64 = 0.2;

/// ESRGAN's `RRDBNet` as Real-ESRGAN has it (BasicSR 1.4, `archs/rrdbnet_arch.py`, Apache-2.0), four times as large:
/// densely connected residual blocks, then two doublings. Any number of blocks and channels.
#[derive(Debug)]
pub(super) struct RrdbNet {
    conv_first: Conv2d,
    body: Vec<[DenseBlock; 3]>, // body.N.rdb1, rdb2, rdb3
    conv_body: Conv2d,
    conv_up1: Conv2d,
    conv_up2: Conv2d,
    conv_hr: Conv2d,
    conv_last: Conv2d,
    activation: PRelu,
}

impl RrdbNet {
    /// The number of blocks and channels are what the weights say.
    pub(super) fn load(weights: &Weights) -> Self {
        let first_of = |name: &str| weights.shape(name).and_then(|shape| shape.first().copied()).unwrap_or(0);
        let inner = |block: usize| format!("body.{block}.rdb1.conv1.weight");
        let blocks = (0..).take_while(|block| weights.shape(&inner(*block)).is_some()).count();
        Self::new(&weights.root(), blocks, first_of("conv_first.weight"), first_of(&inner(0)))
    }

    fn new(vars: &Vars<'_>, blocks: usize, width: i64, growth: i64) -> Self {
        let same = |name: &str| Conv2d::load(&vars.sub(name), width, width, 3);
        let body = vars.sub("body");
        let dense = |block: usize| {
            ["rdb1", "rdb2", "rdb3"].map(|name| DenseBlock::load(&body.sub(block).sub(name), width, growth))
        };
        Self {
            conv_first: Conv2d::load(&vars.sub("conv_first"), 3, width, 3),
            body: (0..blocks).map(dense).collect(),
            conv_body: same("conv_body"),
            conv_up1: same("conv_up1"),
            conv_up2: same("conv_up2"),
            conv_hr: same("conv_hr"),
            conv_last: Conv2d::load(&vars.sub("conv_last"), width, 3, 3),
            activation: PRelu::fixed(SLOPE, vars.device()),
        }
    }

    /// `x`: (1, 3, height, width); gives (1, 3, 4 · height, 4 · width).
    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        let first = self.conv_first.forward(x); // (1, width, height, width)
        let body = self.body.iter().fold(first.shallow_clone(), |x, block| self.residual(block, x));
        let mut features = self.conv_body.forward(&body);
        drop(body);
        features += first;
        for convolution in [&self.conv_up1, &self.conv_up2] {
            let size = [2 * features.size()[2], 2 * features.size()[3]];
            features = features.upsample_nearest2d(size, None, None);
            features = convolution.forward(&features);
            features = self.activation.forward(&features);
        }
        features = self.conv_hr.forward(&features);
        features = self.activation.forward(&features);
        self.conv_last.forward(&features)
    }

    /// `body.N`: three dense blocks in a row.
    fn residual(&self, blocks: &[DenseBlock; 3], x: Tensor) -> Tensor {
        let inner = blocks.iter().fold(x.shallow_clone(), |x, block| block.forward(x, &self.activation));
        (inner * RESIDUAL).g_add(&x)
    }
}

/// `rdbN`: five convolutions, each of which sees all before it.
#[derive(Debug)]
struct DenseBlock {
    convolutions: [Conv2d; 5], // conv1 to conv5
}

impl DenseBlock {
    fn load(vars: &Vars<'_>, width: i64, growth: i64) -> Self {
        let load = |n: i64| {
            let channels_out = if n == 5 { width } else { growth };
            Conv2d::load(&vars.sub(format!("conv{n}")), width + (n - 1) * growth, channels_out, 3)
        };
        Self { convolutions: [1, 2, 3, 4, 5].map(load) }
    }

    fn forward(&self, x: Tensor, activation: &PRelu) -> Tensor {
        let [growing @ .., last] = &self.convolutions;
        let mut seen = x.shallow_clone();
        for convolution in growing {
            let new = activation.forward(&convolution.forward(&seen));
            seen = Tensor::cat(&[seen, new], 1); // (1, width + n · growth, height, width)
        }
        (last.forward(&seen) * RESIDUAL).g_add(&x)
    }
}
