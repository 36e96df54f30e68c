use super::AutoencoderConfig;
use super::block::{Head, MidBlock, ResnetBlock};
use crate::conv::Conv2d;
use crate::weights::Vars;
use tch::Tensor;

/// `encoder`: from pixels to the mean and log-variance of latents.
#[derive(Debug)]
pub(super) struct Encoder {
    conv_in: Conv2d,
    down_blocks: Vec<DownBlock>,
    mid_block: MidBlock,
    head: Head, // conv_norm_out, conv_out
}

impl Encoder {
    pub(super) fn load(vars: &Vars<'_>, config: &AutoencoderConfig) -> Self {
        let levels = &config.block_out_channels;
        let (first, last) = (levels[0], levels[levels.len() - 1]);
        let blocks = vars.sub("down_blocks");
        let block = |level: usize| {
            let channels = [levels[level.saturating_sub(1)], levels[level]];
            DownBlock::load(&blocks.sub(level), channels, level + 1 < levels.len(), config)
        };
        Self {
            conv_in: Conv2d::load(&vars.sub("conv_in"), config.in_channels, first, 3),
            down_blocks: (0..levels.len()).map(block).collect(),
            mid_block: MidBlock::load(&vars.sub("mid_block"), last, config),
            head: Head::load(vars, last, 2 * config.latent_channels, config.norm_num_groups),
        }
    }

    /// `pixels`: (batch, in channels, height, width); gives (batch, 2 · latent channels, height / scale, width / scale).
    pub(super) fn forward(&self, pixels: &Tensor) -> Tensor {
        let x = self.down_blocks.iter().fold(self.conv_in.forward(pixels), |x, block| block.forward(x));
        self.head.forward(self.mid_block.forward(x))
    }
}

/// `down_blocks.N` (diffusers `DownEncoderBlock2D`).
#[derive(Debug)]
struct DownBlock {
    resnets: Vec<ResnetBlock>,
    downsampler: Option<Conv2d>, // downsamplers.0.conv
}

impl DownBlock {
    fn load(vars: &Vars<'_>, [before, channels]: [i64; 2], halves: bool, config: &AutoencoderConfig) -> Self {
        let resnet = |n: usize| {
            let channels_in = if n == 0 { before } else { channels };
            ResnetBlock::load(&vars.sub("resnets").sub(n), channels_in, channels, config.norm_num_groups)
        };
        let downsampler = || Conv2d::load_halving(&vars.sub("downsamplers.0.conv"), channels);
        Self { resnets: (0..config.layers_per_block).map(resnet).collect(), downsampler: halves.then(downsampler) }
    }

    fn forward(&self, x: Tensor) -> Tensor {
        let x = self.resnets.iter().fold(x, |x, resnet| resnet.forward(x));
        let Some(convolution) = &self.downsampler else { return x };
        let padded = x.constant_pad_nd([0, 1, 0, 1]); // right and below only
        drop(x);
        convolution.forward(&padded)
    }
}
