use super::AutoencoderConfig;
use super::block::{Head, MidBlock, ResnetBlock};
use crate::conv::Conv2d;
use crate::weights::Vars;
use tch::Tensor;

/// `decoder`: from latents to pixels.
#[derive(Debug)]
pub(super) struct Decoder {
    conv_in: Conv2d,
    mid_block: MidBlock,
    up_blocks: Vec<UpBlock>,
    head: Head, // conv_norm_out, conv_out
}

impl Decoder {
    pub(super) fn load(vars: &Vars<'_>, config: &AutoencoderConfig) -> Self {
        let levels: Vec<i64> = config.decoder_channels().iter().rev().copied().collect(); // coarsest first
        let (first, last) = (levels[0], levels[levels.len() - 1]);
        let blocks = vars.sub("up_blocks");
        let block = |level: usize| {
            let channels = [levels[level.saturating_sub(1)], levels[level]];
            UpBlock::load(&blocks.sub(level), channels, level + 1 < levels.len(), config)
        };
        Self {
            conv_in: Conv2d::load(&vars.sub("conv_in"), config.latent_channels, first, 3),
            mid_block: MidBlock::load(&vars.sub("mid_block"), first, config),
            up_blocks: (0..levels.len()).map(block).collect(),
            head: Head::load(vars, last, config.out_channels, config.norm_num_groups),
        }
    }

    /// `latents`: (batch, latent channels, height, width); gives (batch, out channels, scale · height, scale · width).
    pub(super) fn forward(&self, latents: &Tensor) -> Tensor {
        let x = self.mid_block.forward(self.conv_in.forward(latents));
        self.head.forward(self.up_blocks.iter().fold(x, |x, block| block.forward(x)))
    }
}

/// `up_blocks.N` (diffusers `UpDecoderBlock2D`).
#[derive(Debug)]
struct UpBlock {
    resnets: Vec<ResnetBlock>,
    upsampler: Option<Conv2d>, // upsamplers.0.conv
}

impl UpBlock {
    fn load(vars: &Vars<'_>, [before, channels]: [i64; 2], doubles: bool, config: &AutoencoderConfig) -> Self {
        let resnet = |n: usize| {
            let channels_in = if n == 0 { before } else { channels };
            ResnetBlock::load(&vars.sub("resnets").sub(n), channels_in, channels, config.norm_num_groups)
        };
        let upsampler = || Conv2d::load(&vars.sub("upsamplers.0.conv"), channels, channels, 3);
        Self { resnets: (0..=config.layers_per_block).map(resnet).collect(), upsampler: doubles.then(upsampler) }
    }

    fn forward(&self, x: Tensor) -> Tensor {
        let x = self.resnets.iter().fold(x, |x, resnet| resnet.forward(x));
        let Some(convolution) = &self.upsampler else { return x };
        let size = [2 * x.size()[2], 2 * x.size()[3]];
        let large = x.upsample_nearest2d(size, None, None);
        drop(x);
        convolution.forward(&large)
    }
}
