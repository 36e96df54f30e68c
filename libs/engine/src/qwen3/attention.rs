use super::keys::KeyValues;
use super::{Qwen3Config, Rotary};
use crate::nn::{Linear, RmsNorm};
use crate::weights::Vars;
use tch::Tensor;

/// What the tokens of a forward see.
pub(super) enum Reach<'a> {
    /// Texts side by side, padded on the right to one length: the number of real tokens of each, 1 or more.
    Padded(&'a [i64]),
    /// One text that goes on: the kept keys and values of what came before, to which this layer's are added.
    Continued { keys: &'a mut KeyValues, layer: usize },
}

/// `self_attn`: queries in groups that share keys and values, norms on the heads, rotary positions.
#[derive(Debug)]
pub(super) struct Attention {
    qkv_proj: Linear, // q_proj, k_proj, v_proj
    o_proj: Linear,
    q_norm: RmsNorm,
    k_norm: RmsNorm,
    query_dim: i64,
    key_dim: i64,
    head_dim: i64,
}

impl Attention {
    pub(super) fn load(vars: &Vars<'_>, config: &Qwen3Config) -> Self {
        let (hidden, query_dim, key_dim) = (config.hidden_size, config.query_dim(), config.key_dim());
        let qkv = [("q_proj", query_dim), ("k_proj", key_dim), ("v_proj", key_dim)];
        let norm = |name| RmsNorm::load(&vars.sub(name), config.head_dim, config.rms_norm_eps);
        Self {
            qkv_proj: Linear::load_stacked(vars, hidden, &qkv),
            o_proj: Linear::load(&vars.sub("o_proj"), query_dim, hidden),
            q_norm: norm("q_norm"),
            k_norm: norm("k_norm"),
            query_dim,
            key_dim,
            head_dim: config.head_dim,
        }
    }

    /// `x`: (batch, tokens, hidden_size); `rotary` spans exactly its tokens.
    pub(super) fn forward(&self, x: &Tensor, rotary: &Rotary, reach: Reach<'_>) -> Tensor {
        let parts = self.qkv_proj.forward(x).split_with_sizes([self.query_dim, self.key_dim, self.key_dim], -1);
        let [q, k, v] = [0, 1, 2].map(|n| self.heads(&parts[n])); // (batch, tokens, heads, head_dim)
        let q = rotary.apply(&self.q_norm.forward(&q).transpose(1, 2)); // (batch, heads, tokens, head_dim)
        let k = rotary.apply(&self.k_norm.forward(&k).transpose(1, 2)); // (batch, key heads, tokens, head_dim)
        let v = v.transpose(1, 2);
        let attended = match reach {
            Reach::Padded(lengths) => padded(&q, &k, &v, lengths),
            Reach::Continued { keys, layer } => {
                let (all_k, all_v) = keys.append(layer, &k, &v);
                // One new token sees everything; the tokens of a beginning see those before them.
                if q.size()[2] == 1 { open(&q, &all_k, &all_v) } else { causal(&q, &all_k, &all_v) }
            }
        };
        self.o_proj.forward(&attended.transpose(1, 2).flatten(2, 3))
    }

    fn heads(&self, x: &Tensor) -> Tensor {
        x.unflatten(-1, [-1, self.head_dim])
    }
}

/// Attention of right-padded texts, without a mask: (batch, heads, tokens, head_dim).
///
/// The reference's mask says that a token sees the real tokens up to itself. So real tokens are a causal attention among
/// themselves, and a pad sees all real tokens and no pad, itself included.
fn padded(q: &Tensor, k: &Tensor, v: &Tensor, lengths: &[i64]) -> Tensor {
    let tokens = q.size()[2];
    let rows = lengths.iter().enumerate().map(|(row, &used)| {
        let [q, k, v] = [q, k, v].map(|x| x.narrow(0, row as i64, 1));
        let [k, v] = [k, v].map(|x| x.narrow(2, 0, used));
        let text = causal(&q.narrow(2, 0, used), &k, &v);
        if used == tokens {
            return text;
        }
        Tensor::cat(&[text, open(&q.narrow(2, used, tokens - used), &k, &v)], 2)
    });
    Tensor::cat(&rows.collect::<Vec<_>>(), 0)
}

/// Every token sees those up to itself; as many queries as keys.
fn causal(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    Tensor::scaled_dot_product_attention(q, k, v, None::<Tensor>, 0.0, true, None, true)
}

/// Every query sees every key. The heads of a group then are nothing but more queries of the same keys, which spares
/// copying these for each.
fn open(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    let (shape, groups) = (q.size(), k.size()[1]);
    let grouped = q.reshape([shape[0], groups, -1, shape[3]]); // (batch, key heads, group · tokens, head_dim)
    Tensor::scaled_dot_product_attention(&grouped, k, v, None::<Tensor>, 0.0, false, None, false).reshape(shape)
}
