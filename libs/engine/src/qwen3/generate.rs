use super::json::{Guide, JsonGrammar, JsonSchema};
use super::network::{Depth, Qwen3};
use super::sampler::{Sampler, Sampling};
use super::vocabulary::Vocabulary;
use super::{PromptShape, Qwen3PromptEncoder, Qwen3Tokenizer};
use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use tch::{Device, Kind};

/// What to generate.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The text to go on from, in the model's template: see [`super::chat`].
    pub prompt: &'a str,
    /// What is to come.
    pub goal: Goal<'a>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Seed of the choices.
    pub seed: u64,
}

/// What is to come of a prompt.
#[derive(Clone, Copy)]
pub enum Goal<'a> {
    /// Any text.
    Text {
        /// Most tokens.
        most_tokens: usize,
        /// Tokens that end it, besides those that end an answer.
        stop: &'a [u32],
    },
    /// A JSON value that fits a schema. It ends by itself, after [`JsonGrammar::longest`] tokens at the latest.
    Json(&'a JsonGrammar),
}

/// A token that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its id.
    pub id: u32,
    /// What it adds to the text; not always whole characters, and nothing for special tokens.
    pub bytes: &'a [u8],
}

/// Why nothing more came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A token came that ends an answer.
    Stopped,
    /// The tokens were used up.
    Length,
    /// The JSON value is complete.
    Complete,
    /// Who was told of a token wanted no more.
    Cancelled,
}

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The text without the token that ended it. Bytes that are not UTF-8 are replaced; JSON has none.
    pub text: String,
    /// All tokens, with the one that ended it.
    pub tokens: Vec<u32>,
    /// Why nothing more came.
    pub end: End,
}

/// A whole Qwen3 with its tokenizer. Not `Sync`: one thread owns it.
pub struct LanguageModel {
    network: Rc<Qwen3>,
    tokenizer: Rc<Qwen3Tokenizer>,
    vocabulary: Rc<Vocabulary>,
}

impl LanguageModel {
    /// Loads the whole network from a folder with `config.json` and `*.safetensors`, and the tokenizer
    /// (see [`Qwen3Tokenizer::load`]).
    ///
    /// # Errors
    /// [`ErrorKind::Model`] or [`ErrorKind::Weights`] saying which file cannot be used.
    pub fn load(dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        guarded(|| {
            let network = Qwen3::load(dir, Depth::Whole, device, kind)?;
            Self::new(Rc::new(network), Rc::new(Qwen3Tokenizer::load(dir)?))
        })
    }

    /// On a network that is loaded already.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if the tokenizer is not byte-level or has more tokens than the network.
    pub fn new(network: Rc<Qwen3>, tokenizer: Rc<Qwen3Tokenizer>) -> Result<Self> {
        let size = usize::try_from(network.config().vocab_size).unwrap_or(0);
        let vocabulary = Rc::new(Vocabulary::new(&tokenizer, size)?);
        Ok(Self { network, tokenizer, vocabulary })
    }

    /// The network, to share it.
    #[must_use]
    pub fn network(&self) -> &Rc<Qwen3> {
        &self.network
    }

    /// A prompt encoder on the same weights.
    ///
    /// # Errors
    /// As [`Qwen3PromptEncoder::new`].
    pub fn prompt_encoder(&self, shape: PromptShape) -> Result<Qwen3PromptEncoder> {
        guarded(|| Qwen3PromptEncoder::new(Rc::clone(&self.network), Rc::clone(&self.tokenizer), shape))
    }

    /// Compiles a schema for [`Goal::Json`].
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a schema that nothing fits.
    pub fn grammar(&self, schema: &JsonSchema) -> Result<JsonGrammar> {
        JsonGrammar::new(schema, Rc::clone(&self.vocabulary), self.network.device())
    }

    /// Generates, telling `on_token` of every token; it may break off. The same request gives the same tokens on the same
    /// machine.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for sampling out of range, and for a prompt and goal that could be longer than the model
    /// reaches; [`ErrorKind::OutOfMemory`] and [`ErrorKind::Torch`] for the device.
    pub fn generate(
        &self,
        request: Request<'_>,
        on_token: &mut dyn FnMut(Token<'_>) -> ControlFlow<()>,
    ) -> Result<Generated> {
        guarded(|| {
            let ids = self.tokenizer.encode(request.prompt)?;
            let most = self.check(request, ids.len())?;
            let mut writing = Writing::new(self, request, most);
            let rotary = self.network.rotary((ids.len() + most) as i64);
            let mut keys = self.network.begin();
            let mut next = ids;
            loop {
                let logits = self.network.extend(&mut keys, &next, &rotary)?;
                let (id, end) = writing.choose(&logits, on_token)?;
                if let Some(end) = end {
                    return Ok(writing.finish(end));
                }
                next = vec![i64::from(id)];
            }
        })
    }

    /// The most tokens a request can lead to, if all of it is sound.
    fn check(&self, request: Request<'_>, prompt: usize) -> Result<usize> {
        let invalid = |what: String| Err(EngineError::new(ErrorKind::Invalid, what));
        if !request.sampling.is_valid() {
            return invalid(format!("{:?} is out of range", request.sampling));
        }
        let most = match request.goal {
            Goal::Text { most_tokens, .. } => most_tokens,
            Goal::Json(grammar) => usize::try_from(grammar.longest()).unwrap_or(usize::MAX),
        };
        let reach = usize::try_from(self.network.config().max_position_embeddings).unwrap_or(0);
        if most == 0 || prompt.saturating_add(most) > reach {
            return invalid(format!(
                "{prompt} tokens and {most} new ones: the model reaches {reach}, and one must be new"
            ));
        }
        Ok(most)
    }
}

/// A text on its way.
struct Writing<'a> {
    model: &'a LanguageModel,
    guide: Option<Guide<'a>>,
    stop: Vec<u32>,
    sampler: Sampler,
    most: usize,
    tokens: Vec<u32>,
}

impl<'a> Writing<'a> {
    fn new(model: &'a LanguageModel, request: Request<'a>, most: usize) -> Self {
        let (guide, stop) = match request.goal {
            Goal::Text { stop, .. } => (None, [stop, &model.tokenizer.ends()].concat()),
            Goal::Json(grammar) => (Some(Guide::new(grammar)), Vec::new()),
        };
        Self { model, guide, stop, sampler: Sampler::new(request.sampling, request.seed), most, tokens: Vec::new() }
    }

    /// Chooses a token by `logits` (vocabulary) and tells of it; with why it is the last, if it is.
    fn choose(
        &mut self,
        logits: &tch::Tensor,
        on_token: &mut dyn FnMut(Token<'_>) -> ControlFlow<()>,
    ) -> Result<(u32, Option<End>)> {
        let chosen = match &self.guide {
            Some(guide) => self.sampler.choose(&guide.restrict(logits)),
            None => self.sampler.choose(logits),
        };
        let id = u32::try_from(chosen).unwrap_or(u32::MAX);
        if self.guide.as_mut().is_some_and(|guide| !guide.take(id)) {
            return Err(EngineError::torch("the logits are not numbers"));
        }
        self.tokens.push(id);
        let told = on_token(Token { id, bytes: self.model.vocabulary.bytes(id) });
        let ends = [
            (self.stop.contains(&id), End::Stopped),
            (self.guide.as_ref().is_some_and(Guide::is_complete), End::Complete),
            (told.is_break(), End::Cancelled),
            (self.tokens.len() >= self.most, End::Length),
        ];
        Ok((id, ends.into_iter().find_map(|(is, end)| is.then_some(end))))
    }

    fn finish(self, end: End) -> Generated {
        let text = self.tokens.len() - usize::from(end == End::Stopped);
        let bytes: Vec<u8> =
            self.tokens[..text].iter().flat_map(|&id| self.model.vocabulary.bytes(id)).copied().collect();
        Generated { text: String::from_utf8_lossy(&bytes).into_owned(), tokens: self.tokens, end }
    }
}
