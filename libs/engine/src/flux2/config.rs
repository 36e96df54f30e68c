use crate::error::{EngineError, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `config.json` of a diffusers `Flux2Transformer2DModel`. Missing fields take diffusers' defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flux2Config {
    /// Side of the patches inside the transformer; only 1 is in use (the latents come patched).
    pub patch_size: i64,
    /// Channels of a latent token.
    pub in_channels: i64,
    /// Channels of the prediction; `None` means as many as `in_channels`.
    pub out_channels: Option<i64>,
    /// Double-stream blocks.
    pub num_layers: usize,
    /// Single-stream blocks.
    pub num_single_layers: usize,
    /// Channels per attention head.
    pub attention_head_dim: i64,
    /// Attention heads.
    pub num_attention_heads: i64,
    /// Channels of a text token.
    pub joint_attention_dim: i64,
    /// Channels of the sinusoidal time embedding.
    pub timestep_guidance_channels: i64,
    /// Width of the feed-forward layers relative to the model's.
    pub mlp_ratio: f64,
    /// Channels of a head that each of the four position axes turns.
    pub axes_dims_rope: [i64; 4],
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Epsilon of all norms.
    pub eps: f64,
    /// Whether guidance is an input of the network.
    pub guidance_embeds: bool,
}

impl Default for Flux2Config {
    fn default() -> Self {
        Self {
            patch_size: 1,
            in_channels: 128,
            out_channels: None,
            num_layers: 8,
            num_single_layers: 48,
            attention_head_dim: 128,
            num_attention_heads: 48,
            joint_attention_dim: 15360,
            timestep_guidance_channels: 256,
            mlp_ratio: 3.0,
            axes_dims_rope: [32; 4],
            rope_theta: 2000.0,
            eps: 1e-6,
            guidance_embeds: true,
        }
    }
}

impl Flux2Config {
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

    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let turned: i64 = self.axes_dims_rope.iter().sum();
        if self.patch_size != 1 {
            return Err(format!("patch_size is {}, only 1 is supported", self.patch_size));
        }
        if turned != self.attention_head_dim {
            return Err(format!(
                "axes_dims_rope adds up to {turned}, attention_head_dim is {}",
                self.attention_head_dim
            ));
        }
        if self.axes_dims_rope.iter().any(|dim| dim % 2 != 0) || self.timestep_guidance_channels % 2 != 0 {
            return Err("axes_dims_rope and timestep_guidance_channels must be even".into());
        }
        Ok(())
    }

    /// Width of the model: heads times channels per head.
    #[must_use]
    pub fn dim(&self) -> i64 {
        self.num_attention_heads * self.attention_head_dim
    }

    /// Width of the feed-forward layers.
    #[must_use]
    pub fn mlp_dim(&self) -> i64 {
        (self.dim() as f64 * self.mlp_ratio) as i64
    }

    /// Channels of the prediction.
    #[must_use]
    pub fn prediction_channels(&self) -> i64 {
        self.out_channels.unwrap_or(self.in_channels)
    }
}
