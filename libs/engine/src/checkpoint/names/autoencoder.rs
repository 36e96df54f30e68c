use super::{Lister, Names};
use serde::Deserialize;

/// The fields of an `AutoencoderKLFlux2` `config.json` that shape its weights (diffusers 0.42.0,
/// `models/autoencoders/autoencoder_kl_flux2.py` and `vae.py`, Apache-2.0). Missing fields take diffusers' defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AutoencoderShape {
    /// Channels of an image.
    pub in_channels: i64,
    /// Channels of a decoded image.
    pub out_channels: i64,
    /// Channels at each resolution, the full one first.
    pub block_out_channels: Vec<i64>,
    /// The same for the decoder, where it differs.
    pub decoder_block_out_channels: Option<Vec<i64>>,
    /// Residual blocks at each resolution of the encoder; the decoder has one more.
    pub layers_per_block: usize,
    /// Channels of a latent.
    pub latent_channels: i64,
    /// Whether there is a convolution after the encoder.
    pub use_quant_conv: bool,
    /// Whether there is a convolution before the decoder.
    pub use_post_quant_conv: bool,
    /// Whether the middle blocks have attention.
    pub mid_block_add_attention: bool,
    /// Latents that make up a token, rows and columns.
    pub patch_size: [i64; 2],
}

impl Default for AutoencoderShape {
    fn default() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            block_out_channels: vec![128, 256, 512, 512],
            decoder_block_out_channels: None,
            layers_per_block: 2,
            latent_channels: 32,
            use_quant_conv: true,
            use_post_quant_conv: true,
            mid_block_add_attention: true,
            patch_size: [2, 2],
        }
    }
}

impl AutoencoderShape {
    /// Channels of a token: the transformer's `in_channels`.
    #[must_use]
    pub fn token_channels(&self) -> i64 {
        self.patch_size[0] * self.patch_size[1] * self.latent_channels
    }

    /// Channels at each resolution of the decoder, the full one first.
    #[must_use]
    pub fn decoder_channels(&self) -> &[i64] {
        self.decoder_block_out_channels.as_deref().unwrap_or(&self.block_out_channels)
    }

    /// What its checkpoint holds; the count of training batches is left out by some.
    #[must_use]
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        names.optional.insert("bn.num_batches_tracked".into(), Vec::new());
        let latent = self.latent_channels;
        let mut root = Lister::new(&mut names.required, "");
        self.encoder(&mut root.sub("encoder"));
        self.decoder(&mut root.sub("decoder"));
        if self.use_quant_conv {
            root.biased("quant_conv", &[2 * latent, 2 * latent, 1, 1]);
        }
        if self.use_post_quant_conv {
            root.biased("post_quant_conv", &[latent, latent, 1, 1]);
        }
        root.add("bn.running_mean", &[self.token_channels()]);
        root.add("bn.running_var", &[self.token_channels()]);
        names
    }

    fn encoder(&self, encoder: &mut Lister<'_>) {
        let channels = &self.block_out_channels;
        let (Some(&first), Some(&last)) = (channels.first(), channels.last()) else { return };
        encoder.biased("conv_in", &[first, self.in_channels, 3, 3]);
        let mut before = first;
        for (n, &width) in channels.iter().enumerate() {
            let mut block = encoder.sub(format_args!("down_blocks.{n}"));
            resnets(&mut block, self.layers_per_block, before, width);
            if n + 1 < channels.len() {
                block.biased("downsamplers.0.conv", &[width, width, 3, 3]);
            }
            before = width;
        }
        self.ends(encoder, last, last, 2 * self.latent_channels);
    }

    fn decoder(&self, decoder: &mut Lister<'_>) {
        let channels = self.decoder_channels();
        let (Some(&first), Some(&last)) = (channels.first(), channels.last()) else { return };
        decoder.biased("conv_in", &[last, self.latent_channels, 3, 3]);
        let mut before = last;
        for (n, &width) in channels.iter().rev().enumerate() {
            let mut block = decoder.sub(format_args!("up_blocks.{n}"));
            resnets(&mut block, self.layers_per_block + 1, before, width);
            if n + 1 < channels.len() {
                block.biased("upsamplers.0.conv", &[width, width, 3, 3]);
            }
            before = width;
        }
        self.ends(decoder, last, first, self.out_channels);
    }

    /// The middle block, and what follows the last block.
    fn ends(&self, half: &mut Lister<'_>, middle: i64, width: i64, out: i64) {
        let mut mid = half.sub("mid_block");
        resnets(&mut mid, 2, middle, middle);
        if self.mid_block_add_attention {
            mid.biased("attentions.0.group_norm", &[middle]);
            for name in ["to_q", "to_k", "to_v", "to_out.0"] {
                mid.biased(&format!("attentions.0.{name}"), &[middle, middle]);
            }
        }
        half.biased("conv_norm_out", &[width]);
        half.biased("conv_out", &[out, width, 3, 3]);
    }
}

/// Residual blocks, of which the first changes the number of channels.
fn resnets(block: &mut Lister<'_>, count: usize, before: i64, width: i64) {
    for n in 0..count {
        let before = if n == 0 { before } else { width };
        let mut resnet = block.sub(format_args!("resnets.{n}"));
        resnet.biased("norm1", &[before]);
        resnet.biased("conv1", &[width, before, 3, 3]);
        resnet.biased("norm2", &[width]);
        resnet.biased("conv2", &[width, width, 3, 3]);
        if before != width {
            resnet.biased("conv_shortcut", &[width, before, 1, 1]);
        }
    }
}
