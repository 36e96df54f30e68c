use super::{Lister, Names};
use serde::Deserialize;

/// The fields of a Qwen3 `config.json` that shape its weights (transformers 5.24, `models/qwen3/modeling_qwen3.py`,
/// `Qwen3ForCausalLM`, Apache-2.0).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Qwen3Shape {
    /// Width of a state.
    pub hidden_size: i64,
    /// Width inside the feed-forward layers.
    pub intermediate_size: i64,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads of the queries.
    pub num_attention_heads: i64,
    /// Heads of keys and values.
    pub num_key_value_heads: i64,
    /// Channels of a head.
    pub head_dim: i64,
    /// Tokens of the vocabulary.
    pub vocab_size: i64,
    /// Whether the embeddings are the output layer, too.
    #[serde(default)]
    pub tie_word_embeddings: bool,
    /// Whether the projections of the attention have biases.
    #[serde(default)]
    pub attention_bias: bool,
}

impl Qwen3Shape {
    /// What its checkpoint holds. With tied embeddings `lm_head.weight` is the same tensor again, and mostly left out.
    #[must_use]
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        let table = [self.vocab_size, self.hidden_size];
        let head = if self.tie_word_embeddings { &mut names.optional } else { &mut names.required };
        head.insert("lm_head.weight".into(), table.to_vec());
        let mut model = Lister::new(&mut names.required, "model.");
        model.add("embed_tokens.weight", &table);
        model.add("norm.weight", &[self.hidden_size]);
        for n in 0..self.num_hidden_layers {
            self.layer(&mut model.sub(format_args!("layers.{n}")));
        }
        names
    }

    fn layer(&self, layer: &mut Lister<'_>) {
        let (hidden, inner) = (self.hidden_size, self.intermediate_size);
        let (queries, values) = (self.num_attention_heads * self.head_dim, self.num_key_value_heads * self.head_dim);
        for (name, shape) in [
            ("q_proj", [queries, hidden]),
            ("k_proj", [values, hidden]),
            ("v_proj", [values, hidden]),
            ("o_proj", [hidden, queries]),
        ] {
            let name = format!("self_attn.{name}");
            match self.attention_bias {
                true => layer.biased(&name, &shape),
                false => layer.add(&format!("{name}.weight"), &shape),
            }
        }
        layer.add("self_attn.q_norm.weight", &[self.head_dim]);
        layer.add("self_attn.k_norm.weight", &[self.head_dim]);
        layer.add("mlp.gate_proj.weight", &[inner, hidden]);
        layer.add("mlp.up_proj.weight", &[inner, hidden]);
        layer.add("mlp.down_proj.weight", &[hidden, inner]);
        layer.add("input_layernorm.weight", &[hidden]);
        layer.add("post_attention_layernorm.weight", &[hidden]);
    }
}
