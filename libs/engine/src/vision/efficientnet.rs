use crate::conv::{Conv2d, channels_last};
use crate::weights::Vars;
use tch::Tensor;

/// Channels before the first block, and of the last map.
const STEM: i64 = 32;
const HEAD: i64 = 1280;
/// Kernel, stride, how much wider a block is within, channels and number of blocks of each stage: Tan and Le, "EfficientNet"
/// (2019), table 1.
const STAGES: [[i64; 5]; 7] = [
    [3, 1, 1, 16, 1],
    [3, 2, 6, 24, 2],
    [5, 2, 6, 40, 2],
    [3, 2, 6, 80, 3],
    [5, 1, 6, 112, 3],
    [5, 2, 6, 192, 4],
    [3, 1, 6, 320, 1],
];

/// A block that widens its map, filters each channel alone, and narrows it again (`_blocks.N`).
///
/// Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018).
#[derive(Debug)]
struct MbConv {
    expand_conv: Option<Conv2d>,
    depthwise_conv: Conv2d,
    project_conv: Conv2d,
    /// Whether the input is added to the output.
    residual: bool,
}

impl MbConv {
    fn load(vars: &Vars<'_>, [from, to]: [i64; 2], [kernel, stride, widening]: [i64; 3]) -> Self {
        let within = from * widening;
        let depthwise = Conv2d::load_depthwise(&vars.sub("_depthwise_conv"), within, kernel);
        Self {
            expand_conv: (widening > 1).then(|| Conv2d::load(&vars.sub("_expand_conv"), from, within, 1)),
            depthwise_conv: if stride == 2 { depthwise.halving() } else { depthwise },
            project_conv: Conv2d::load(&vars.sub("_project_conv"), within, to, 1),
            residual: stride == 1 && from == to,
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let wide = self.expand_conv.as_ref().map(|conv| conv.forward(x).relu6_());
        let y = self.depthwise_conv.forward(wide.as_ref().unwrap_or(x)).relu6_();
        let y = self.project_conv.forward(&y);
        if self.residual { y + x } else { y }
    }
}

/// EfficientNet-Lite0 up to its features: what ImageNet's thousand classes are told apart by. Batch norm is folded in.
///
/// Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), without squeeze and
/// excitation and with ReLU6, as TensorFlow's EfficientNet-Lite has it.
#[derive(Debug)]
pub struct EfficientNetLite0 {
    conv_stem: Conv2d,
    blocks: Vec<MbConv>,
    conv_head: Conv2d,
}

impl EfficientNetLite0 {
    /// Width of the features.
    pub const FEATURES: i64 = HEAD;

    /// Builds the network from named weights; the caller calls [`crate::Weights::finish`].
    #[must_use]
    pub fn new(vars: &Vars<'_>) -> Self {
        let (mut blocks, mut from) = (vec![], STEM);
        for [kernel, stride, widening, to, depth] in STAGES {
            for n in 0..depth {
                let vars = vars.sub("_blocks").sub(blocks.len());
                blocks.push(MbConv::load(&vars, [from, to], [kernel, if n == 0 { stride } else { 1 }, widening]));
                from = to;
            }
        }
        Self {
            conv_stem: Conv2d::load(&vars.sub("_conv_stem"), 3, STEM, 3).halving(),
            blocks,
            conv_head: Conv2d::load(&vars.sub("_conv_head"), from, HEAD, 1),
        }
    }

    /// Features (batch, 1280), none below 0, of pictures (batch, 3, side, side) of sRGB within 0..=1; `side` is a multiple
    /// of 32. Trained at 224.
    pub fn forward(&self, pictures: &Tensor) -> Tensor {
        let x = channels_last(&((pictures * 255.0 - 127.0) / 128.0));
        let mut map = self.conv_stem.forward(&x).relu6_();
        for block in &self.blocks {
            map = block.forward(&map);
        }
        self.conv_head.forward(&map).relu6_().mean_dim([2, 3].as_slice(), false, None)
    }
}
