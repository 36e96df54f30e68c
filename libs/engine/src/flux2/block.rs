use super::attention::{FeedForward, JointAttention, ParallelAttention};
use super::conditioning::Mod;
use super::references::LayerKv;
use super::{Flux2Config, Rotary};
use crate::weights::Vars;
use std::ops::Range;
use tch::Tensor;

/// `transformer_blocks.N`: image and text keep separate weights and meet in the attention.
#[derive(Debug)]
pub(super) struct DoubleBlock {
    attn: JointAttention,
    ff: FeedForward,
    ff_context: FeedForward,
    eps: f64,
}

impl DoubleBlock {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        Self {
            attn: JointAttention::load(&vars.sub("attn"), config),
            ff: FeedForward::load(&vars.sub("ff"), config),
            ff_context: FeedForward::load(&vars.sub("ff_context"), config),
            eps: config.eps,
        }
    }

    /// `image`, `text`: (batch, tokens, dim), given back in the same order.
    pub(super) fn forward(
        &self,
        (image, text): (Tensor, Tensor),
        image_mods: &[Mod; 2],
        text_mods: &[Mod; 2],
        rotary: &Rotary,
        references: Option<&LayerKv>,
    ) -> (Tensor, Tensor) {
        let [attn_mod, ff_mod] = image_mods;
        let [text_attn_mod, text_ff_mod] = text_mods;
        let (normed, normed_text) = (attn_mod.norm(&image, self.eps), text_attn_mod.norm(&text, self.eps));
        let (attended, attended_text) = self.attn.forward(&normed, &normed_text, rotary, references);
        let image = attn_mod.add_gated(image, &attended);
        let text = text_attn_mod.add_gated(text, &attended_text);
        let fed = self.ff.forward(&ff_mod.norm(&image, self.eps));
        let fed_text = self.ff_context.forward(&text_ff_mod.norm(&text, self.eps));
        (ff_mod.add_gated(image, &fed), text_ff_mod.add_gated(text, &fed_text))
    }

    /// The image stream alone, for references: (batch, tokens, dim), and their keys and values.
    pub(super) fn forward_references(&self, x: Tensor, mods: &[Mod; 2], rotary: &Rotary) -> (Tensor, LayerKv) {
        let [attn_mod, ff_mod] = mods;
        let (attended, kv) = self.attn.forward_references(&attn_mod.norm(&x, self.eps), rotary);
        let x = attn_mod.add_gated(x, &attended);
        let fed = self.ff.forward(&ff_mod.norm(&x, self.eps));
        (ff_mod.add_gated(x, &fed), kv)
    }
}

/// `single_transformer_blocks.N`: one stream of text and image tokens.
#[derive(Debug)]
pub(super) struct SingleBlock {
    attn: ParallelAttention,
    eps: f64,
}

impl SingleBlock {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        Self { attn: ParallelAttention::load(&vars.sub("attn"), config), eps: config.eps }
    }

    /// `x`: (batch, text + image, dim).
    pub(super) fn forward(&self, x: Tensor, modulation: &Mod, rotary: &Rotary, references: Option<&LayerKv>) -> Tensor {
        let attended = self.attn.forward(&modulation.norm(&x, self.eps), rotary, references);
        modulation.add_gated(x, &attended)
    }

    /// As [`Self::forward`] for the last block: gives the tokens `keep` only, (batch, kept, dim).
    pub(super) fn forward_kept(
        &self,
        x: &Tensor,
        modulation: &Mod,
        rotary: &Rotary,
        references: Option<&LayerKv>,
        keep: &Range<i64>,
    ) -> Tensor {
        let attended = self.attn.forward_kept(&modulation.norm(x, self.eps), rotary, references, keep);
        modulation.add_gated(x.narrow(1, keep.start, keep.end - keep.start).contiguous(), &attended)
    }

    /// References alone: (batch, tokens, dim), and their keys and values.
    pub(super) fn forward_references(&self, x: Tensor, modulation: &Mod, rotary: &Rotary) -> (Tensor, LayerKv) {
        let (attended, kv) = self.attn.forward_references(&modulation.norm(&x, self.eps), rotary);
        (modulation.add_gated(x, &attended), kv)
    }
}
