use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::path::Path;

/// The fields of a BERT `config.json` that shape the network.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MiniLmConfig {
    /// Channels of a token state.
    pub hidden_size: i64,
    /// Width of the feed-forward layers.
    pub intermediate_size: i64,
    /// Attention heads.
    pub num_attention_heads: i64,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Activation; only `gelu` (exact) is supported.
    pub hidden_act: String,
    /// Epsilon of the layer norms.
    pub layer_norm_eps: f64,
    /// Longest input in tokens.
    pub max_position_embeddings: i64,
    /// Kinds of segments; only the first is used.
    pub type_vocab_size: i64,
    /// Known word pieces.
    pub vocab_size: i64,
}

impl MiniLmConfig {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if it cannot be read or asks for what is not supported.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Model, format!("cannot read {}", path.display()), e)
        };
        let text = std::fs::read_to_string(path).map_err(|e| cannot(e.into()))?;
        let config: Self = serde_json::from_str(&text).map_err(|e| cannot(e.into()))?;
        if config.hidden_act != "gelu" || config.hidden_size % config.num_attention_heads != 0 {
            let what = format!("{}: only gelu and heads that divide hidden_size are supported", path.display());
            return Err(EngineError::new(ErrorKind::Model, what));
        }
        Ok(config)
    }
}
