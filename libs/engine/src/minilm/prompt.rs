use super::MiniLm;
use crate::error::{EngineError, ErrorKind, Result};
use crate::prompt_cache::PromptCache;
use std::num::NonZeroUsize;
use std::path::Path;
use tch::{Device, Kind, Tensor};
use tokenizers::{Tokenizer, TruncationParams};

/// Prompts kept encoded: at 16 tokens of 384 channels this is about 6 MB.
const CACHED_PROMPTS: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// Prompts in, padded token states out, with the latest ones remembered.
pub struct PromptEncoder {
    tokenizer: Tokenizer,
    model: MiniLm,
    tokens: i64,
    cache: PromptCache,
}

impl PromptEncoder {
    /// Loads `tokenizer.json`, `config.json` and `model.safetensors` from a folder, for prompts of `tokens` tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] or [`ErrorKind::Weights`] saying which file cannot be used.
    pub fn load(dir: &Path, tokens: usize, device: Device, kind: Kind) -> Result<Self> {
        let path = dir.join("tokenizer.json");
        let cannot = |e| EngineError::caused(ErrorKind::Model, format!("cannot use {}", path.display()), e);
        let mut tokenizer = Tokenizer::from_file(&path).map_err(cannot)?;
        let truncation = TruncationParams { max_length: tokens, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(cannot)?.with_padding(None);
        let model = MiniLm::load(dir, device, kind)?;
        let longest = model.config().max_position_embeddings;
        if tokens < 2 || tokens as i64 > longest {
            return Err(EngineError::new(
                ErrorKind::Model,
                format!("{tokens} text tokens are not within 2..={longest}"),
            ));
        }
        Ok(Self { tokenizer, model, tokens: tokens as i64, cache: PromptCache::new(CACHED_PROMPTS) })
    }

    /// Token states of the last layer, cut or zero-padded to the loaded length: (1, tokens, hidden_size).
    ///
    /// The empty prompt is a prompt like any other: it is the unconditional input of guidance.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if the tokenizer refuses the text.
    pub fn encode(&self, prompt: &str) -> Result<Tensor> {
        let encoding = self
            .tokenizer
            .encode_fast(prompt, true)
            .map_err(|e| EngineError::caused(ErrorKind::Invalid, "the prompt cannot be split into tokens", e))?;
        let ids: Vec<i64> = encoding.get_ids().iter().map(|&id| i64::from(id)).collect();
        self.cache.get_or_encode(ids, |ids| {
            let states = self.model.forward(ids); // (1, used, hidden_size)
            let padding = self.tokens - ids.len() as i64;
            Ok(states.constant_pad_nd([0, 0, 0, padding])) // (1, tokens, hidden_size)
        })
    }

    /// Tokens of an encoded prompt.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.tokens
    }

    /// Channels of an encoded prompt.
    #[must_use]
    pub fn width(&self) -> i64 {
        self.model.config().hidden_size
    }
}
