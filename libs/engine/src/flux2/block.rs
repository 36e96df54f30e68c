use super::attention::{FeedForward, JointAttention, ParallelAttention};
use super::embedding::Mod;
use super::{Flux2Config, Rotary};
use crate::nn::LayerNorm;
use crate::weights::Vars;
use tch::Tensor;

/// `transformer_blocks.N`: image and text keep separate weights and meet in the attention.
#[derive(Debug)]
pub(super) struct DoubleBlock {
    norm: LayerNorm, // norm1, norm1_context, norm2, norm2_context: none has weights
    attn: JointAttention,
    ff: FeedForward,
    ff_context: FeedForward,
}

impl DoubleBlock {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        Self {
            norm: LayerNorm::plain(config.dim(), config.eps),
            attn: JointAttention::load(&vars.sub("attn"), config),
            ff: FeedForward::load(&vars.sub("ff"), config),
            ff_context: FeedForward::load(&vars.sub("ff_context"), config),
        }
    }

    /// `image`, `text`: (batch, tokens, dim), given back in the same order.
    pub(super) fn forward(
        &self,
        (image, text): (Tensor, Tensor),
        image_mods: &[Mod; 2],
        text_mods: &[Mod; 2],
        rotary: &Rotary,
    ) -> (Tensor, Tensor) {
        let [attn_mod, ff_mod] = image_mods;
        let [text_attn_mod, text_ff_mod] = text_mods;
        let normed = attn_mod.modulate(&self.norm.forward(&image));
        let normed_text = text_attn_mod.modulate(&self.norm.forward(&text));
        let (attended, attended_text) = self.attn.forward(&normed, &normed_text, rotary);
        let image = attn_mod.add_gated(&image, &attended);
        let text = text_attn_mod.add_gated(&text, &attended_text);
        let fed = self.ff.forward(&ff_mod.modulate(&self.norm.forward(&image)));
        let fed_text = self.ff_context.forward(&text_ff_mod.modulate(&self.norm.forward(&text)));
        (ff_mod.add_gated(&image, &fed), text_ff_mod.add_gated(&text, &fed_text))
    }
}

/// `single_transformer_blocks.N`: one stream of text and image tokens.
#[derive(Debug)]
pub(super) struct SingleBlock {
    norm: LayerNorm,
    attn: ParallelAttention,
}

impl SingleBlock {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        Self {
            norm: LayerNorm::plain(config.dim(), config.eps),
            attn: ParallelAttention::load(&vars.sub("attn"), config),
        }
    }

    /// `x`: (batch, text + image, dim).
    pub(super) fn forward(&self, x: &Tensor, modulation: &Mod, rotary: &Rotary) -> Tensor {
        let attended = self.attn.forward(&modulation.modulate(&self.norm.forward(x)), rotary);
        modulation.add_gated(x, &attended)
    }
}
