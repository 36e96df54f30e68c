//! The few layers all networks share.

use crate::kernels::PackedWeight;
use crate::weights::Vars;
use tch::Tensor;

/// `y = x Wᵀ (+ b)`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,       // (out, in); on a CPU it lies in memory as (in, out), see `Vars::matrix`
    bias: Option<Tensor>, // (out)
    packed: PackedWeight,
}

impl Linear {
    /// Without bias: `weight`.
    pub(crate) fn load(vars: &Vars<'_>, dim_in: i64, dim_out: i64) -> Self {
        Self::load_stacked_names(vars, dim_in, &[("weight", dim_out)])
    }

    /// With bias: `weight`, `bias`.
    pub(crate) fn load_biased(vars: &Vars<'_>, dim_in: i64, dim_out: i64) -> Self {
        Self { bias: Some(vars.tensor("bias", &[dim_out])), ..Self::load(vars, dim_in, dim_out) }
    }

    /// Several layers without bias on the same input as one matrix product, their outputs side by side. `parts` are their
    /// names and widths; each weight goes straight to its rows.
    pub(crate) fn load_stacked(vars: &Vars<'_>, dim_in: i64, parts: &[(&str, i64)]) -> Self {
        let names: Vec<_> = parts.iter().map(|(name, dim_out)| (format!("{name}.weight"), *dim_out)).collect();
        let names: Vec<_> = names.iter().map(|(name, dim_out)| (name.as_str(), *dim_out)).collect();
        Self::load_stacked_names(vars, dim_in, &names)
    }

    fn load_stacked_names(vars: &Vars<'_>, dim_in: i64, parts: &[(&str, i64)]) -> Self {
        Self { weight: vars.matrix(parts, dim_in), bias: None, packed: PackedWeight::default() }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        match &self.bias {
            None => self.packed.linear(x, &self.weight).unwrap_or_else(|| x.linear(&self.weight, None::<&Tensor>)),
            bias => x.linear(&self.weight, bias.as_ref()),
        }
    }

    /// The outputs `from..from + count` alone, of a layer without bias.
    pub(crate) fn forward_rows(&self, x: &Tensor, from: i64, count: i64) -> Tensor {
        x.linear(&self.weight.narrow(0, from, count), None::<&Tensor>)
    }
}

/// Root-mean-square norm over the last axis with a learnt scale.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    weight: Tensor, // (dim)
    eps: f64,
}

impl RmsNorm {
    pub(crate) fn load(vars: &Vars<'_>, dim: i64, eps: f64) -> Self {
        Self { weight: vars.tensor("weight", &[dim]), eps }
    }

    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    pub(crate) fn eps(&self) -> f64 {
        self.eps
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        x.rms_norm(self.weight.size(), Some(&self.weight), self.eps)
    }
}

/// Layer norm over the last axis with scale and shift.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor, // (dim)
    bias: Tensor,   // (dim)
    eps: f64,
}

impl LayerNorm {
    /// Scale and shift from `weight` and `bias`.
    pub(crate) fn load(vars: &Vars<'_>, dim: i64, eps: f64) -> Self {
        Self { weight: vars.tensor("weight", &[dim]), bias: vars.tensor("bias", &[dim]), eps }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        x.layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), self.eps, true)
    }
}

/// Full attention without mask. `q`, `k`, `v`: (batch, tokens, heads, head_dim); gives (batch, tokens, heads · head_dim).
pub(crate) fn attend(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    let [q, k, v] = [q, k, v].map(|x| x.transpose(1, 2)); // (batch, heads, tokens, head_dim)
    attend_heads(&q, &k, &v)
}

/// As [`attend`], of (batch, heads, tokens, head_dim).
pub(crate) fn attend_heads(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    Tensor::scaled_dot_product_attention(q, k, v, None::<Tensor>, 0.0, false, None, false)
        .transpose(1, 2) // (batch, tokens, heads, head_dim)
        .flatten(2, 3)
}
