//! Qwen3: the text encoder of FLUX.2 [klein], and a whole causal language model, out of the same weights.
//!
//! - [`Qwen3`] is the network of transformers' `modeling_qwen3.py` (5.24, Apache-2.0).
//! - [`Qwen3PromptEncoder`] turns prompts into the stacked states that klein's transformer reads.
//! - [`LanguageModel`] generates text, or JSON that fits a [`JsonSchema`].
//!
//! One [`Qwen3`] in memory serves both: [`LanguageModel::prompt_encoder`] shares its weights.

mod attention;
mod chat;
mod config;
mod generate;
mod json;
mod keys;
mod layer;
mod network;
mod prompt;
mod rotary;
mod sampler;
mod tokenizer;
mod vocabulary;

pub use chat::{chat, chat_with_system};
pub use config::Qwen3Config;
pub use generate::{End, Generated, Goal, LanguageModel, Request, Token};
pub use json::{JsonGrammar, JsonSchema};
pub use keys::KeyValues;
pub use network::{Depth, Padded, Qwen3};
pub use prompt::{PromptShape, Qwen3PromptEncoder};
pub use rotary::Rotary;
pub use sampler::Sampling;
pub use tokenizer::Qwen3Tokenizer;
