//! The engine: networks, schedulers, codecs and pipelines on libtorch (`tch`), and the [`Renderer`] made of them.
//!
//! - [`flux2`], [`autoencoder`], [`minilm`] and [`qwen3`] hold the networks, a folder per model, fields named as the
//!   checkpoint's keys.
//! - [`Weights`] maps safetensors files and refuses names that are missing or left over; [`Checkpoint`] knows what a
//!   published checkpoint holds, and [`Adapter`] changes a loaded network and gives it back as it was.
//! - [`Pipeline`] is a loaded model folder: prompt and seed in, pixels out.
//! - [`Upscaler`] makes images two to sixteen times as large.
//! - [`EngineRenderer`] puts a pipeline on a thread of its own and batches what waits for it.
//!
//! No tokio runtime is needed anywhere in here.
//!
//! [`Renderer`]: cavendish_renderer::Renderer

mod adapter;
pub mod autoencoder;
pub mod checkpoint;
mod codec;
mod conv;
mod device;
mod error;
pub mod flux2;
mod kernels;
pub mod minilm;
mod nn;
pub mod noise;
mod pipeline;
mod pixels;
mod prompt_cache;
pub mod qwen3;
mod renderer;
mod scheduler;
mod upscaler;
pub mod vision;
mod weights;

pub use adapter::{Adapter, Worn};
pub use autoencoder::AutoencoderKlFlux2;
pub use checkpoint::Checkpoint;
pub use codec::PatchCodec;
pub use device::{DeviceChoice, Precision};
pub use error::{EngineError, ErrorKind, Result};
pub use pipeline::{
    AdapterEntry, Batch, Drawn, DrawnImage, Frame, Image, KeptReferences, Manifest, Native, Pipeline, ReferenceUse,
    Sampling, Shift, Size, TextEncoderEntry, TextEncoderKind, Unwatched, UpscalerEntry, Watch,
};
pub use renderer::{EngineOptions, EngineRenderer};
pub use scheduler::FlowMatchEuler;
pub use upscaler::Upscaler;
pub use weights::{NamedWeights, Vars, Weights, save};
