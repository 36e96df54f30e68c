use super::references::LayerKv;
use super::{Flux2Config, Rotary};
use crate::kernels::{self, Projected, Turns};
use crate::nn::{Linear, RmsNorm, attend_heads};
use crate::weights::Vars;
use std::ops::Range;
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
        self.linear_out.forward(&kernels::swiglu(&self.linear_in.forward(x)))
    }
}

/// The norms of queries and keys of one stream.
#[derive(Debug)]
struct QkNorm {
    q: RmsNorm,
    k: RmsNorm,
}

impl QkNorm {
    fn load(vars: &Vars<'_>, config: &Flux2Config, [q, k]: [&str; 2]) -> Self {
        let norm = |name| RmsNorm::load(&vars.sub(name), config.attention_head_dim, config.eps);
        Self { q: norm(q), k: norm(k) }
    }

    fn projected<'a>(&'a self, qkv: &'a Tensor) -> Projected<'a> {
        Projected { qkv, q_weight: self.q.weight(), k_weight: self.k.weight() }
    }
}

/// Queries, and keys and values with those of the references behind them: (batch, heads, tokens, head_dim).
struct Heads {
    q: Tensor,
    k: Tensor,
    v: Tensor,
}

impl Heads {
    /// From the projections (batch, tokens, 3 · dim) of streams that lie one after the other as in `rotary`.
    fn new(streams: &[(&QkNorm, &Tensor)], rotary: &Rotary, references: Option<&LayerKv>) -> Self {
        let room = references.map_or(0, LayerKv::tokens);
        let projected: Vec<_> = streams.iter().map(|(norm, qkv)| norm.projected(qkv)).collect();
        let turns = Turns { cos: rotary.cos(), sin: rotary.sin() };
        match kernels::heads(&projected, turns, room, streams[0].0.q.eps()) {
            Some([q, k, v]) => {
                if let Some(kv) = references {
                    let own = q.size()[2];
                    k.narrow(2, own, room).copy_(&kv.k);
                    v.narrow(2, own, room).copy_(&kv.v);
                }
                Self { q, k, v }
            }
            None => Self::by_libtorch(streams, rotary, references),
        }
    }

    fn by_libtorch(streams: &[(&QkNorm, &Tensor)], rotary: &Rotary, references: Option<&LayerKv>) -> Self {
        let parts: Vec<[Tensor; 3]> = streams
            .iter()
            .map(|(norm, qkv)| {
                let head_dim = norm.q.weight().size()[0];
                let shape = [qkv.size()[0], qkv.size()[1], 3, -1, head_dim];
                let parts = qkv.reshape(shape).unbind(2); // (batch, tokens, heads, head_dim)
                [norm.q.forward(&parts[0]), norm.k.forward(&parts[1]), parts[2].shallow_clone()]
            })
            .collect();
        let joined = |part: usize| Tensor::cat(&parts.iter().map(|x| &x[part]).collect::<Vec<_>>(), 1);
        let [q, k] = [0, 1].map(|part| rotary.apply(&joined(part)).transpose(1, 2)); // (batch, heads, tokens, head_dim)
        let v = joined(2).transpose(1, 2);
        match references {
            None => Self { q, k, v },
            Some(kv) => Self { k: kv.behind(&k, &kv.k), v: kv.behind(&v, &kv.v), q },
        }
    }

    /// (batch, tokens, dim)
    fn attend(&self) -> Tensor {
        attend_heads(&self.q, &self.k, &self.v)
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
    pub(super) fn forward(
        &self,
        image: &Tensor,
        text: &Tensor,
        rotary: &Rotary,
        references: Option<&LayerKv>,
    ) -> (Tensor, Tensor) {
        let (own, added) = (self.qkv.forward(image), self.added_qkv.forward(text));
        let heads = Heads::new(&[(&self.norm_added, &added), (&self.norm, &own)], rotary, references);
        let parts = heads.attend().split_with_sizes([text.size()[1], image.size()[1]], 1);
        (self.to_out.forward(&parts[1]), self.to_add_out.forward(&parts[0]))
    }

    /// References attend to references only: (batch, tokens, dim), and their keys and values.
    pub(super) fn forward_references(&self, references: &Tensor, rotary: &Rotary) -> (Tensor, LayerKv) {
        let heads = Heads::new(&[(&self.norm, &self.qkv.forward(references))], rotary, None);
        (self.to_out.forward(&heads.attend()), LayerKv { k: heads.k, v: heads.v })
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

    /// `x`: (batch, tokens, dim).
    pub(super) fn forward(&self, x: &Tensor, rotary: &Rotary, references: Option<&LayerKv>) -> Tensor {
        let (qkv, mlp) = self.project(x);
        self.output(&Heads::new(&[(&self.norm, &qkv)], rotary, references).attend(), &mlp)
    }

    /// As [`Self::forward`], for the tokens `keep` only: the others are looked at and come to nothing.
    pub(super) fn forward_kept(
        &self,
        x: &Tensor,
        rotary: &Rotary,
        references: Option<&LayerKv>,
        keep: &Range<i64>,
    ) -> Tensor {
        let (from, count) = (keep.start, keep.end - keep.start);
        let qkv = self.to_qkv_mlp_proj.forward_rows(x, 0, 3 * self.dim);
        let mlp = self.to_qkv_mlp_proj.forward_rows(&x.narrow(1, from, count), 3 * self.dim, 2 * self.mlp_dim);
        let mut heads = Heads::new(&[(&self.norm, &qkv)], rotary, references);
        heads.q = heads.q.narrow(2, from, count);
        self.output(&heads.attend(), &mlp)
    }

    /// References attend to references only: (batch, tokens, dim), and their keys and values.
    pub(super) fn forward_references(&self, x: &Tensor, rotary: &Rotary) -> (Tensor, LayerKv) {
        let (qkv, mlp) = self.project(x);
        let heads = Heads::new(&[(&self.norm, &qkv)], rotary, None);
        (self.output(&heads.attend(), &mlp), LayerKv { k: heads.k, v: heads.v })
    }

    /// (batch, tokens, 3 · dim) and (batch, tokens, 2 · `mlp_dim`).
    fn project(&self, x: &Tensor) -> (Tensor, Tensor) {
        let all = self.to_qkv_mlp_proj.forward(x);
        (all.narrow(2, 0, 3 * self.dim), all.narrow(2, 3 * self.dim, 2 * self.mlp_dim))
    }

    /// `attended`: (batch, tokens, dim); `mlp`: (batch, tokens, 2 · `mlp_dim`).
    fn output(&self, attended: &Tensor, mlp: &Tensor) -> Tensor {
        let size = attended.size();
        let joined = Tensor::empty([size[0], size[1], self.dim + self.mlp_dim], (attended.kind(), attended.device()));
        joined.narrow(2, 0, self.dim).copy_(attended);
        kernels::swiglu_into(mlp, &mut joined.narrow(2, self.dim, self.mlp_dim));
        self.to_out.forward(&joined)
    }
}
