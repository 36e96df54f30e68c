//! What memory a checkpoint takes to draw one image of 1024 × 1024, as an estimate from its configurations.

use super::names::{AutoencoderShape, Qwen3Shape};
use crate::flux2::Flux2Config;
use serde::Serialize;

/// Sides of the image in pixels.
const SIDE: u64 = 1024;
/// Pixels along the side of a token.
const TOKEN: u64 = 16;
/// Tokens of a prompt.
const TEXT: u64 = 512;

/// Bytes needed at once, weights and what is computed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemoryNeed {
    /// Number type of weights and activations: `bf16` or `f32`.
    pub dtype: &'static str,
    /// The text encoder stays loaded.
    pub text_encoder_kept: u64,
    /// The text encoder is dropped once the prompt is encoded.
    pub text_encoder_freed: u64,
}

/// A component's share: elements of its weights, and the most elements it computes with at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) weights: u64,
    pub(super) activations: u64,
}

/// `text` runs first, then `others`, one after the other.
pub(super) fn needs(text: Share, others: &[Share]) -> Vec<MemoryNeed> {
    let weights: u64 = others.iter().map(|share| share.weights).sum();
    let activations = others.iter().map(|share| share.activations).max().unwrap_or(0);
    let kept = text.weights + weights + activations.max(text.activations);
    let freed = (text.weights + text.activations).max(weights + activations);
    let need = |(dtype, size)| MemoryNeed { dtype, text_encoder_kept: kept * size, text_encoder_freed: freed * size };
    [("bf16", 2), ("f32", 4)].map(need).to_vec()
}

/// A single block at its widest: stream, normed stream, projection, its gated half, and queries and keys turned in f32.
pub(super) fn transformer(config: &Flux2Config) -> u64 {
    let tokens = (SIDE / TOKEN).pow(2) + TEXT;
    let (dim, mlp) = (config.dim() as u64, config.mlp_dim() as u64);
    tokens * (2 * dim + (3 * dim + 2 * mlp) + 2 * mlp + 4 * dim)
}

/// The last resolution of the decoder: input, normed input and output of its first convolution.
pub(super) fn autoencoder(shape: &AutoencoderShape) -> u64 {
    let channels = shape.decoder_channels();
    let before = channels.get(1).or(channels.first()).copied().unwrap_or(0) as u64;
    3 * before * SIDE * SIDE
}

/// A layer's feed-forward part, the attention's weights, and the three states that are kept.
pub(super) fn qwen3(shape: &Qwen3Shape) -> u64 {
    let (hidden, inner) = (shape.hidden_size as u64, shape.intermediate_size as u64);
    TEXT * (3 * inner + 6 * hidden) + TEXT * TEXT * shape.num_attention_heads as u64
}
