use super::{Flux2Config, Rotary};
use crate::nn::{Linear, RmsNorm, attend};
use crate::weights::Vars;
use tch::Tensor;

/// `ff`: SwiGLU, with gate and value side by side in `linear_in`.
#[derive(Debug)]
pub(super) struct FeedForward {
    linear_in: Linear,
    linear_out: Linear,
}

impl FeedForward {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        let (dim, mlp) = (config.dim(), config.mlp_dim());
        Self {
            linear_in: Linear::load(&vars.sub("linear_in"), dim, 2 * mlp),
            linear_out: Linear::load(&vars.sub("linear_out"), mlp, dim),
        }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        self.linear_out.forward(&swiglu(&self.linear_in.forward(x)))
    }
}

/// `silu(first half) · second half` of the last axis.
fn swiglu(x: &Tensor) -> Tensor {
    let halves = x.chunk(2, -1);
    halves[0].silu() * &halves[1]
}

/// Queries and keys of one stream after their norms, and values: (batch, tokens, heads, head_dim) each.
struct Heads {
    q: Tensor,
    k: Tensor,
    v: Tensor,
}

/// The norms of queries and keys of one stream.
#[derive(Debug)]
struct QkNorm {
    q: RmsNorm,
    k: RmsNorm,
    head_dim: i64,
}

impl QkNorm {
    fn load(vars: &Vars<'_>, config: &Flux2Config, [q, k]: [&str; 2]) -> Self {
        let norm = |name| RmsNorm::load(&vars.sub(name), config.attention_head_dim, config.eps);
        Self { q: norm(q), k: norm(k), head_dim: config.attention_head_dim }
    }

    /// `qkv`: (batch, tokens, 3 · dim).
    fn heads(&self, qkv: &Tensor) -> Heads {
        let (batch, tokens, _) = qkv.size3().unwrap_or_default();
        let parts = qkv.reshape([batch, tokens, 3, -1, self.head_dim]).unbind(2); // (batch, tokens, heads, head_dim)
        Heads { q: self.q.forward(&parts[0]), k: self.k.forward(&parts[1]), v: parts[2].shallow_clone() }
    }
}

/// Joint attention of a double-stream block: text and image have their own projections and attend to each other.
#[derive(Debug)]
pub(super) struct JointAttention {
    qkv: Linear,       // to_q, to_k, to_v
    added_qkv: Linear, // add_q_proj, add_k_proj, add_v_proj
    norm: QkNorm,
    norm_added: QkNorm,
    to_out: Linear,
    to_add_out: Linear,
}

impl JointAttention {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        let dim = config.dim();
        let linear = |name: &str| Linear::load(&vars.sub(name), dim, dim);
        let stacked = |names: [&str; 3]| Linear::load_stacked(vars, dim, &names.map(|name| (name, dim)));
        Self {
            qkv: stacked(["to_q", "to_k", "to_v"]),
            added_qkv: stacked(["add_q_proj", "add_k_proj", "add_v_proj"]),
            norm: QkNorm::load(vars, config, ["norm_q", "norm_k"]),
            norm_added: QkNorm::load(vars, config, ["norm_added_q", "norm_added_k"]),
            to_out: linear("to_out.0"),
            to_add_out: linear("to_add_out"),
        }
    }

    /// `image` and `text`: (batch, tokens, dim); gives the two in the same order.
    pub(super) fn forward(&self, image: &Tensor, text: &Tensor, rotary: &Rotary) -> (Tensor, Tensor) {
        let own = self.norm.heads(&self.qkv.forward(image));
        let added = self.norm_added.heads(&self.added_qkv.forward(text));
        let q = rotary.apply(&Tensor::cat(&[added.q, own.q], 1)); // (batch, text + image, heads, head_dim)
        let k = rotary.apply(&Tensor::cat(&[added.k, own.k], 1));
        let v = Tensor::cat(&[added.v, own.v], 1);
        let out = attend(&q, &k, &v); // (batch, text + image, dim)
        let parts = out.split_with_sizes([text.size()[1], image.size()[1]], 1);
        (self.to_out.forward(&parts[1]), self.to_add_out.forward(&parts[0]))
    }
}

/// Attention and feed-forward of a single-stream block side by side, with one projection in and one out.
#[derive(Debug)]
pub(super) struct ParallelAttention {
    to_qkv_mlp_proj: Linear,
    to_out: Linear,
    norm: QkNorm,
    dim: i64,
    mlp_dim: i64,
}

impl ParallelAttention {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        let (dim, mlp_dim) = (config.dim(), config.mlp_dim());
        Self {
            to_qkv_mlp_proj: Linear::load(&vars.sub("to_qkv_mlp_proj"), dim, 3 * dim + 2 * mlp_dim),
            to_out: Linear::load(&vars.sub("to_out"), dim + mlp_dim, dim),
            norm: QkNorm::load(vars, config, ["norm_q", "norm_k"]),
            dim,
            mlp_dim,
        }
    }

    /// `x`: (batch, text + image, dim).
    pub(super) fn forward(&self, x: &Tensor, rotary: &Rotary) -> Tensor {
        let parts = self.to_qkv_mlp_proj.forward(x).split_with_sizes([3 * self.dim, 2 * self.mlp_dim], -1);
        let Heads { q, k, v } = self.norm.heads(&parts[0]);
        let attended = attend(&rotary.apply(&q), &rotary.apply(&k), &v); // (batch, text + image, dim)
        self.to_out.forward(&Tensor::cat(&[attended, swiglu(&parts[1])], -1))
    }
}
