use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::path::Path;

/// `config.json` of a diffusers `AutoencoderKLFlux2`. Missing fields take diffusers' defaults; what only training reads is
/// left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct AutoencoderConfig {
    /// Channels of the picture that is encoded.
    pub in_channels: i64,
    /// Channels of the picture that is decoded.
    pub out_channels: i64,
    /// Channels of the encoder's levels, finest first; each level but the last halves the sides.
    pub block_out_channels: Vec<i64>,
    /// Channels of the decoder's levels, finest first; `None` means as the encoder's.
    pub decoder_block_out_channels: Option<Vec<i64>>,
    /// Residual blocks of an encoder level; the decoder's have one more.
    pub layers_per_block: usize,
    /// The activation; only `silu` is in use.
    pub act_fn: String,
    /// Channels of a latent pixel.
    pub latent_channels: i64,
    /// Groups of every group norm.
    pub norm_num_groups: i64,
    /// Whether a 1 × 1 convolution follows the encoder.
    pub use_quant_conv: bool,
    /// Whether a 1 × 1 convolution precedes the decoder.
    pub use_post_quant_conv: bool,
    /// Whether the coarsest level attends.
    pub mid_block_add_attention: bool,
    /// Epsilon of the statistics that tokens are normalised with.
    pub batch_norm_eps: f64,
    /// Latent pixels of a token, rows and columns.
    pub patch_size: [i64; 2],
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            block_out_channels: vec![128, 256, 512, 512],
            decoder_block_out_channels: None,
            layers_per_block: 2,
            act_fn: "silu".into(),
            latent_channels: 32,
            norm_num_groups: 32,
            use_quant_conv: true,
            use_post_quant_conv: true,
            mid_block_add_attention: true,
            batch_norm_eps: 1e-4,
            patch_size: [2, 2],
        }
    }
}

impl AutoencoderConfig {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if it cannot be read, or describes a network that cannot be built.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Model, format!("cannot read {}", path.display()), e)
        };
        let text = std::fs::read_to_string(path).map_err(|e| cannot(e.into()))?;
        let config: Self = serde_json::from_str(&text).map_err(|e| cannot(e.into()))?;
        config.check().map_err(|what| EngineError::new(ErrorKind::Model, format!("{}: {what}", path.display())))?;
        Ok(config)
    }

    fn check(&self) -> std::result::Result<(), String> {
        let (encoder, decoder) = (&self.block_out_channels, self.decoder_channels());
        if encoder.is_empty() || encoder.len() != decoder.len() {
            return Err(format!("{} levels of the encoder, {} of the decoder", encoder.len(), decoder.len()));
        }
        let groups = self.norm_num_groups;
        if groups < 1 || encoder.iter().chain(decoder).any(|channels| *channels < 1 || channels % groups != 0) {
            return Err(format!("channels {encoder:?} and {decoder:?} do not fall into {groups} groups"));
        }
        if self.act_fn != "silu" {
            return Err(format!("act_fn is {}, only silu is supported", self.act_fn));
        }
        if self.patch_size.iter().any(|side| *side < 1) {
            return Err(format!("patch_size is {:?}", self.patch_size));
        }
        Ok(())
    }

    /// Channels of the decoder's levels, finest first.
    pub(super) fn decoder_channels(&self) -> &[i64] {
        self.decoder_block_out_channels.as_ref().unwrap_or(&self.block_out_channels)
    }

    /// Pixels per latent pixel, along a side: 8 for FLUX.2.
    #[must_use]
    pub fn scale(&self) -> i64 {
        1 << (self.block_out_channels.len() - 1)
    }

    /// Channels of a token: 128 for FLUX.2.
    #[must_use]
    pub fn token_channels(&self) -> i64 {
        self.latent_channels * self.patch_size[0] * self.patch_size[1]
    }
}
