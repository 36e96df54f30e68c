use super::MiniLmConfig;
use crate::error::Result;
use crate::nn::{LayerNorm, Linear, attend};
use crate::weights::{Vars, Weights};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The BERT encoder of all-MiniLM-L6-v2; fields follow the checkpoint's keys.
#[derive(Debug)]
pub struct MiniLm {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    config: MiniLmConfig,
    device: Device,
}

impl MiniLm {
    /// Loads `config.json` and `model.safetensors` from a folder. The pooler is left out: token states are what is wanted.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Model`] for the configuration, [`crate::ErrorKind::Weights`] for the weights.
    pub fn load(dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        let config = MiniLmConfig::read(&dir.join("config.json"))?;
        let weights = Weights::open(&dir.join("model.safetensors"), device, kind)?;
        weights.skip("pooler.");
        weights.skip("embeddings.position_ids");
        let vars = weights.root();
        let layer = vars.sub("encoder.layer");
        let model = Self {
            embeddings: Embeddings::load(&vars.sub("embeddings"), &config),
            layers: (0..config.num_hidden_layers).map(|n| Layer::load(&layer.sub(n), &config)).collect(),
            config,
            device,
        };
        weights.finish()?;
        Ok(model)
    }

    /// The configuration the network was built from.
    #[must_use]
    pub fn config(&self) -> &MiniLmConfig {
        &self.config
    }

    /// States of the last layer for one text: (1, tokens, hidden_size).
    ///
    /// One text at a time and without padding, so that its states depend on nothing else.
    pub fn forward(&self, ids: &[i64]) -> Tensor {
        let ids = Tensor::from_slice(ids).to_device(self.device).unsqueeze(0); // (1, tokens)
        let embedded = self.embeddings.forward(&ids);
        self.layers.iter().fold(embedded, |states, layer| layer.forward(&states))
    }
}

#[derive(Debug)]
#[allow(clippy::struct_field_names, reason = "the checkpoint's names")]
struct Embeddings {
    word_embeddings: Tensor,       // (vocab_size, hidden_size)
    position_embeddings: Tensor,   // (max_position_embeddings, hidden_size)
    token_type_embeddings: Tensor, // (type_vocab_size, hidden_size)
    layer_norm: LayerNorm,
}

impl Embeddings {
    fn load(vars: &Vars<'_>, config: &MiniLmConfig) -> Self {
        let table = |name: &str, rows| vars.sub(name).tensor("weight", &[rows, config.hidden_size]);
        Self {
            word_embeddings: table("word_embeddings", config.vocab_size),
            position_embeddings: table("position_embeddings", config.max_position_embeddings),
            token_type_embeddings: table("token_type_embeddings", config.type_vocab_size),
            layer_norm: LayerNorm::load(&vars.sub("LayerNorm"), config.hidden_size, config.layer_norm_eps),
        }
    }

    /// `ids`: (1, tokens); gives (1, tokens, hidden_size).
    fn forward(&self, ids: &Tensor) -> Tensor {
        let words = Tensor::embedding(&self.word_embeddings, ids, -1, false, false);
        let positions = self.position_embeddings.narrow(0, 0, ids.size()[1]);
        let segment = self.token_type_embeddings.narrow(0, 0, 1);
        self.layer_norm.forward(&(words + segment + positions))
    }
}

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Output,
    intermediate: Linear,
    output: Output,
    heads: i64,
}

impl Layer {
    fn load(vars: &Vars<'_>, config: &MiniLmConfig) -> Self {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let attention = vars.sub("attention.self");
        let linear = |name: &str| Linear::load_biased(&attention.sub(name), hidden, hidden);
        Self {
            query: linear("query"),
            key: linear("key"),
            value: linear("value"),
            attention_output: Output::load(&vars.sub("attention.output"), hidden, config),
            intermediate: Linear::load_biased(&vars.sub("intermediate.dense"), hidden, inner),
            output: Output::load(&vars.sub("output"), inner, config),
            heads: config.num_attention_heads,
        }
    }

    /// `x`: (1, tokens, hidden_size).
    fn forward(&self, x: &Tensor) -> Tensor {
        let [q, k, v] = [&self.query, &self.key, &self.value].map(|projection| {
            let projected = projection.forward(x);
            let size = projected.size();
            projected.view([size[0], size[1], self.heads, size[2] / self.heads]) // (1, tokens, heads, head_dim)
        });
        let attended = self.attention_output.forward(&attend(&q, &k, &v), x);
        let inner = self.intermediate.forward(&attended).gelu("none");
        self.output.forward(&inner, &attended)
    }
}

/// A projection, the residual, and a norm after them.
#[derive(Debug)]
struct Output {
    dense: Linear,
    layer_norm: LayerNorm,
}

impl Output {
    fn load(vars: &Vars<'_>, dim_in: i64, config: &MiniLmConfig) -> Self {
        Self {
            dense: Linear::load_biased(&vars.sub("dense"), dim_in, config.hidden_size),
            layer_norm: LayerNorm::load(&vars.sub("LayerNorm"), config.hidden_size, config.layer_norm_eps),
        }
    }

    fn forward(&self, x: &Tensor, residual: &Tensor) -> Tensor {
        self.layer_norm.forward(&(self.dense.forward(x) + residual))
    }
}
