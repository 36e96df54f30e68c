use super::network::{Depth, Padded, Qwen3};
use super::{Qwen3Tokenizer, Rotary, chat};
use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use crate::prompt_cache::PromptCache;
use std::num::NonZeroUsize;
use std::path::Path;
use std::rc::Rc;
use tch::{Device, Kind, Tensor};

/// Prompts kept encoded: with 512 tokens of 7680 channels in bf16 this is 250 MB.
const CACHED_PROMPTS: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");

/// What an encoded prompt consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptShape {
    /// Tokens to which a prompt is cut or padded.
    pub tokens: usize,
    /// Layers whose states lie side by side, in this order. 0 is the embedding.
    pub layers: Vec<usize>,
}

impl Default for PromptShape {
    /// FLUX.2 [klein] on Qwen3-4B and 8B: the defaults of diffusers' `Flux2KleinPipeline` (0.42).
    fn default() -> Self {
        Self { tokens: 512, layers: vec![9, 18, 27] }
    }
}

/// Prompts in, stacked token states out, with the latest ones remembered.
///
/// Computes what `Flux2KleinPipeline._get_qwen3_prompt_embeds` of diffusers 0.42 does: the prompt as a user's message, padded
/// on the right, states of some layers stacked. Pads keep the states they come to have. Not `Sync`: one thread owns it.
pub struct Qwen3PromptEncoder {
    network: Rc<Qwen3>,
    tokenizer: Rc<Qwen3Tokenizer>,
    shape: PromptShape,
    rotary: Rotary,
    cache: PromptCache,
}

impl Qwen3PromptEncoder {
    /// Loads the layers that `shape` needs from a folder with `config.json` and `*.safetensors`, and the tokenizer
    /// (see [`Qwen3Tokenizer::load`]).
    ///
    /// # Errors
    /// [`ErrorKind::Model`] or [`ErrorKind::Weights`] saying which file cannot be used; [`ErrorKind::Invalid`] for the shape.
    pub fn load(dir: &Path, shape: PromptShape, device: Device, kind: Kind) -> Result<Self> {
        guarded(|| {
            let depth = Depth::Layers(shape.layers.iter().copied().max().unwrap_or(0));
            let network = Rc::new(Qwen3::load(dir, depth, device, kind)?);
            Self::new(network, Rc::new(Qwen3Tokenizer::load(dir)?), shape)
        })
    }

    /// On a network that is loaded already.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for no tokens or no layers, or more than the network has.
    pub fn new(network: Rc<Qwen3>, tokenizer: Rc<Qwen3Tokenizer>, shape: PromptShape) -> Result<Self> {
        let longest = network.config().max_position_embeddings;
        if shape.layers.is_empty() || shape.tokens == 0 || shape.tokens as i64 > longest {
            let what = format!("{shape:?} has no layers, or tokens that are not within 1..={longest}");
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        let rotary = network.rotary(shape.tokens as i64);
        let encoder = Self { network, tokenizer, shape, rotary, cache: PromptCache::new(CACHED_PROMPTS) };
        Ok(encoder)
    }

    /// The prompt's states: (1, tokens, layers · hidden_size).
    ///
    /// One prompt at a time, so that its states depend on nothing else. What does not fit is cut off at the end, template
    /// included, as the reference does.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if the tokenizer refuses the text; [`ErrorKind::OutOfMemory`] and [`ErrorKind::Torch`] for the
    /// device.
    pub fn encode(&self, prompt: &str) -> Result<Tensor> {
        let mut ids = self.tokenizer.encode(&chat(prompt))?;
        ids.truncate(self.shape.tokens);
        self.cache.get_or_encode(ids, |ids| guarded(|| self.stack(ids)))
    }

    fn stack(&self, ids: &[i64]) -> Result<Tensor> {
        let mut padded = ids.to_vec();
        padded.resize(self.shape.tokens, i64::from(self.tokenizer.pad()));
        let texts = Padded { ids: &Tensor::from_slice(&padded).unsqueeze(0), lengths: &[ids.len() as i64] };
        let states = self.network.states(texts, &self.shape.layers, &self.rotary)?;
        Ok(Tensor::cat(&states, -1)) // (1, tokens, layers · hidden_size)
    }

    /// Tokens of an encoded prompt.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.shape.tokens as i64
    }

    /// Channels of an encoded prompt.
    #[must_use]
    pub fn width(&self) -> i64 {
        self.shape.layers.len() as i64 * self.network.config().hidden_size
    }
}
