use crate::error::{EngineError, ErrorKind, Result};
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

/// Pads, and ends a text.
const PAD: &str = "<|endoftext|>";
/// Ends a message.
const END_OF_MESSAGE: &str = "<|im_end|>";

/// The byte-level tokenizer of Qwen2 and Qwen3.
pub struct Qwen3Tokenizer {
    inner: Tokenizer,
    pad: u32,
    end_of_message: u32,
}

impl Qwen3Tokenizer {
    /// Loads `tokenizer.json` from the model's folder, or, as diffusers lays pipelines out, from `tokenizer` beside it.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if there is none, it cannot be read or lacks Qwen's special tokens.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = find(dir);
        let cannot = |e| EngineError::caused(ErrorKind::Model, format!("cannot use {}", path.display()), e);
        let mut inner = Tokenizer::from_file(&path).map_err(cannot)?;
        inner.with_truncation(None).map_err(cannot)?.with_padding(None);
        let special = |name: &str| {
            let what = || EngineError::new(ErrorKind::Model, format!("{} has no {name}", path.display()));
            inner.token_to_id(name).ok_or_else(what)
        };
        let (pad, end_of_message) = (special(PAD)?, special(END_OF_MESSAGE)?);
        Ok(Self { inner, pad, end_of_message })
    }

    /// The ids of a text; names of special tokens in it become these tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>> {
        let encoding = self
            .inner
            .encode_fast(text, true)
            .map_err(|e| EngineError::caused(ErrorKind::Invalid, "the text cannot be split into tokens", e))?;
        Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
    }

    /// The token that pads.
    #[must_use]
    pub fn pad(&self) -> u32 {
        self.pad
    }

    /// The tokens that end an answer.
    #[must_use]
    pub fn ends(&self) -> [u32; 2] {
        [self.end_of_message, self.pad]
    }

    pub(super) fn inner(&self) -> &Tokenizer {
        &self.inner
    }
}

fn find(dir: &Path) -> PathBuf {
    let own = dir.join("tokenizer.json");
    let beside = dir.parent().map(|parent| parent.join("tokenizer/tokenizer.json"));
    beside.filter(|path| !own.exists() && path.exists()).unwrap_or(own)
}
