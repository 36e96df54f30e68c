use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::path::Path;

/// The fields of a `config.json` of transformers' `Qwen3ForCausalLM` that shape the network.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Fields")]
pub struct Qwen3Config {
    /// Known tokens, with those nobody uses: rows of the embedding.
    pub vocab_size: i64,
    /// Channels of a token state.
    pub hidden_size: i64,
    /// Width of the feed-forward layers.
    pub intermediate_size: i64,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads of the queries.
    pub num_attention_heads: i64,
    /// Heads of keys and values; each serves equally many heads of the queries.
    pub num_key_value_heads: i64,
    /// Channels of a head; heads times this need not be `hidden_size`.
    pub head_dim: i64,
    /// Activation of the feed-forward layers; only `silu` is supported.
    pub hidden_act: String,
    /// Longest text in tokens.
    pub max_position_embeddings: i64,
    /// Epsilon of all norms.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Scaling of the rotary frequencies; only `default` (none) is supported.
    pub rope_type: String,
    /// Whether the output layer is the embedding.
    pub tie_word_embeddings: bool,
    /// Biases in the attention; not supported.
    pub attention_bias: bool,
    /// Attention that reaches back a bounded number of tokens; not supported.
    pub use_sliding_window: bool,
}

/// The file as it lies: transformers 4 has `rope_theta` and `rope_scaling`, transformers 5 puts both into `rope_parameters`.
#[derive(Deserialize)]
struct Fields {
    vocab_size: i64,
    hidden_size: i64,
    intermediate_size: i64,
    num_hidden_layers: usize,
    num_attention_heads: i64,
    num_key_value_heads: Option<i64>,
    head_dim: Option<i64>,
    hidden_act: String,
    max_position_embeddings: i64,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<Rope>,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    use_sliding_window: bool,
}

#[derive(Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
}

impl From<Fields> for Qwen3Config {
    fn from(file: Fields) -> Self {
        let rope = file.rope_parameters.or(file.rope_scaling);
        let theta = rope.as_ref().and_then(|rope| rope.rope_theta).or(file.rope_theta);
        let rope_type = rope.and_then(|rope| rope.rope_type);
        Self {
            vocab_size: file.vocab_size,
            hidden_size: file.hidden_size,
            intermediate_size: file.intermediate_size,
            num_hidden_layers: file.num_hidden_layers,
            num_attention_heads: file.num_attention_heads,
            num_key_value_heads: file.num_key_value_heads.unwrap_or(file.num_attention_heads),
            head_dim: file.head_dim.unwrap_or(128),
            hidden_act: file.hidden_act,
            max_position_embeddings: file.max_position_embeddings,
            rms_norm_eps: file.rms_norm_eps,
            rope_theta: theta.unwrap_or(10_000.0),
            rope_type: rope_type.unwrap_or_else(|| "default".into()),
            tie_word_embeddings: file.tie_word_embeddings,
            attention_bias: file.attention_bias,
            use_sliding_window: file.use_sliding_window,
        }
    }
}

impl Qwen3Config {
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
        config.check().map_err(|what| EngineError::new(ErrorKind::Model, format!("{}: {what}", path.display())))?;
        Ok(config)
    }

    fn check(&self) -> std::result::Result<(), &'static str> {
        let sizes = [
            self.vocab_size,
            self.hidden_size,
            self.intermediate_size,
            self.num_attention_heads,
            self.num_key_value_heads,
            self.head_dim,
            self.max_position_embeddings,
        ];
        let wrong = [
            (sizes.iter().any(|&size| size < 1) || self.num_hidden_layers == 0, "a size is not positive"),
            (self.hidden_act != "silu", "only the activation silu is supported"),
            (self.rope_type != "default", "scaled rotary frequencies are not supported"),
            (self.attention_bias, "attention_bias is not supported"),
            (self.use_sliding_window, "use_sliding_window is not supported"),
            (self.head_dim % 2 != 0, "head_dim is odd"),
            // `max` keeps the remainder from failing where the sizes are wrong already.
            (
                self.num_attention_heads % self.num_key_value_heads.max(1) != 0,
                "num_key_value_heads does not divide num_attention_heads",
            ),
        ];
        wrong.into_iter().find(|(is, _)| *is).map_or(Ok(()), |(_, what)| Err(what))
    }

    /// Channels of all queries of a token.
    pub(super) fn query_dim(&self) -> i64 {
        self.num_attention_heads * self.head_dim
    }

    /// Channels of all keys, or all values, of a token.
    pub(super) fn key_dim(&self) -> i64 {
        self.num_key_value_heads * self.head_dim
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Qwen3-4B as published, in the words of transformers 4.
    const QWEN3_4B: &str = r#"{"vocab_size": 151936, "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "hidden_act": "silu",
        "max_position_embeddings": 40960, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000,
        "tie_word_embeddings": true, "attention_bias": false, "use_sliding_window": false}"#;

    fn parse(text: &str) -> Qwen3Config {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn both_places_of_the_rotary_base_are_read() {
        let old = parse(QWEN3_4B);
        let nested = r#""rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}"#;
        let new = parse(&QWEN3_4B.replace(r#""rope_theta": 1000000"#, nested));
        assert_eq!((old.rope_theta, old.query_dim(), old.key_dim()), (1e6, 4096, 1024));
        assert_eq!(old, new);
        assert_eq!(old.check(), Ok(()));
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for (from, to) in [
            ("\"silu\"", "\"gelu\""),
            ("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}"),
            ("\"attention_bias\": false", "\"attention_bias\": true"),
            ("\"use_sliding_window\": false", "\"use_sliding_window\": true"),
            ("\"num_key_value_heads\": 8", "\"num_key_value_heads\": 5"),
            ("\"num_key_value_heads\": 8", "\"num_key_value_heads\": 0"),
            ("\"head_dim\": 128", "\"head_dim\": 127"),
        ] {
            assert!(parse(&QWEN3_4B.replace(from, to)).check().is_err(), "{to}");
        }
    }
}
