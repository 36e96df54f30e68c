//! The parts of a pipeline that differ from model to model.

use super::frame::Size;
use super::manifest::{TextEncoderEntry, TextEncoderKind};
use crate::autoencoder::AutoencoderKlFlux2;
use crate::codec::PatchCodec;
use crate::error::Result;
use crate::flux2::Grid;
use crate::minilm::PromptEncoder;
use crate::qwen3::{PromptShape, Qwen3PromptEncoder};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Prompts to text states.
pub(super) enum TextEncoder {
    Minilm(Box<PromptEncoder>),
    Qwen3(Qwen3PromptEncoder),
}

impl TextEncoder {
    pub(super) fn load(entry: &TextEncoderEntry, dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        match entry.kind {
            TextEncoderKind::Minilm => {
                Ok(Self::Minilm(Box::new(PromptEncoder::load(dir, entry.tokens, device, kind)?)))
            }
            TextEncoderKind::Qwen3 => {
                let mut shape = PromptShape { tokens: entry.tokens, ..PromptShape::default() };
                if let Some(layers) = &entry.layers {
                    shape.layers.clone_from(layers);
                }
                Ok(Self::Qwen3(Qwen3PromptEncoder::load(dir, shape, device, kind)?))
            }
        }
    }

    /// (1, tokens, width)
    pub(super) fn encode(&self, prompt: &str) -> Result<Tensor> {
        match self {
            Self::Minilm(encoder) => encoder.encode(prompt),
            Self::Qwen3(encoder) => encoder.encode(prompt),
        }
    }

    /// Text tokens of an encoded prompt.
    pub(super) fn tokens(&self) -> i64 {
        match self {
            Self::Minilm(encoder) => encoder.tokens(),
            Self::Qwen3(encoder) => encoder.tokens(),
        }
    }

    /// Channels of a text token.
    pub(super) fn width(&self) -> i64 {
        match self {
            Self::Minilm(encoder) => encoder.width(),
            Self::Qwen3(encoder) => encoder.width(),
        }
    }
}

/// Latents to pixels and back.
pub(super) enum Codec {
    Patch(PatchCodec),
    Autoencoder(Box<AutoencoderKlFlux2>),
}

impl Codec {
    /// A folder holds an autoencoder, a file the patch codec.
    pub(super) fn load(path: &Path, device: Device, kind: Kind) -> Result<Self> {
        match path.is_dir() {
            true => Ok(Self::Autoencoder(Box::new(AutoencoderKlFlux2::load(path, device, kind)?))),
            false => Ok(Self::Patch(PatchCodec::load(path, device)?)),
        }
    }

    /// Pixels along a side of one latent token.
    pub(super) fn patch(&self) -> i64 {
        match self {
            Self::Patch(codec) => codec.patch(),
            // Its maps are an eighth of the image; a token holds two by two of their points.
            Self::Autoencoder(codec) => 2 * codec.config().scale(),
        }
    }

    /// Channels of a latent token.
    pub(super) fn channels(&self) -> i64 {
        match self {
            Self::Patch(codec) => codec.channels(),
            Self::Autoencoder(codec) => codec.config().token_channels(),
        }
    }

    /// The latent grid of an image.
    pub(super) fn grid(&self, size: Size) -> Grid {
        let [columns, rows] = [size.width, size.height].map(|side| i64::from(side) / self.patch());
        Grid { rows, columns }
    }

    /// Latents (1, tokens, channels) to pixels (1, 3, height, width) in about −1..=1.
    pub(super) fn decode(&self, latents: &Tensor, grid: Grid) -> Result<Tensor> {
        match self {
            Self::Patch(codec) => Ok(codec.decode(latents, grid.rows, grid.columns)),
            Self::Autoencoder(codec) => Ok(codec.decode_tokens(latents, grid.rows, grid.columns)?.to_kind(Kind::Float)),
        }
    }

    /// Pixels (1, 3, height, width) in −1..=1 to latents (1, tokens, channels), f32.
    pub(super) fn encode(&self, pixels: &Tensor) -> Result<Tensor> {
        match self {
            Self::Patch(codec) => codec.encode(pixels),
            Self::Autoencoder(codec) => Ok(codec.encode_tokens(pixels)?.to_kind(Kind::Float)),
        }
    }
}
