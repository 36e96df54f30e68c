use super::attention::{Attention, Reach};
use super::{Qwen3Config, Rotary};
use crate::nn::{Linear, RmsNorm};
use crate::weights::Vars;
use tch::Tensor;

/// `model.layers.N`.
#[derive(Debug)]
pub(super) struct Layer {
    self_attn: Attention,
    mlp: Mlp,
    input_layernorm: RmsNorm,
    post_attention_layernorm: RmsNorm,
}

impl Layer {
    pub(super) fn load(vars: &Vars<'_>, config: &Qwen3Config) -> Self {
        let norm = |name| RmsNorm::load(&vars.sub(name), config.hidden_size, config.rms_norm_eps);
        Self {
            self_attn: Attention::load(&vars.sub("self_attn"), config),
            mlp: Mlp::load(&vars.sub("mlp"), config),
            input_layernorm: norm("input_layernorm"),
            post_attention_layernorm: norm("post_attention_layernorm"),
        }
    }

    /// `x`: (batch, tokens, hidden_size).
    pub(super) fn forward(&self, x: &Tensor, rotary: &Rotary, reach: Reach<'_>) -> Tensor {
        let x = x + self.self_attn.forward(&self.input_layernorm.forward(x), rotary, reach);
        let inner = self.mlp.forward(&self.post_attention_layernorm.forward(&x));
        x + inner
    }
}

/// `mlp`: SwiGLU.
#[derive(Debug)]
struct Mlp {
    gate_up_proj: Linear, // gate_proj, up_proj
    down_proj: Linear,
}

impl Mlp {
    fn load(vars: &Vars<'_>, config: &Qwen3Config) -> Self {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        Self {
            gate_up_proj: Linear::load_stacked(vars, hidden, &[("gate_proj", inner), ("up_proj", inner)]),
            down_proj: Linear::load(&vars.sub("down_proj"), inner, hidden),
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let halves = self.gate_up_proj.forward(x).chunk(2, -1);
        self.down_proj.forward(&(halves[0].silu() * &halves[1]))
    }
}
