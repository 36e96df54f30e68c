//! The engine: networks, schedulers, codecs and pipelines on libtorch (`tch`), and the [`Renderer`] made of them.
//!
//! - [`flux2`] and [`minilm`] hold the networks, a folder per model, fields named as the checkpoint's keys.
//! - [`Weights`] maps safetensors files and refuses names that are missing or left over; [`Checkpoint`] knows what a
//!   published checkpoint holds, and [`Adapter`] changes a loaded network and gives it back as it was.
//! - [`Pipeline`] is a loaded model folder: prompt and seed in, pixels out.
//! - [`Upscaler`] makes small images four times as large.
//! - [`EngineRenderer`] puts a pipeline on a thread of its own and batches what waits for it.
//!
//! No tokio runtime is needed anywhere in here.
//!
//! [`Renderer`]: cavendish_renderer::Renderer

mod adapter;
pub mod checkpoint;
mod codec;
mod device;
mod error;
pub mod flux2;
pub mod minilm;
mod nn;
pub mod noise;
mod pipeline;
mod pixels;
mod renderer;
mod scheduler;
mod upscaler;
mod weights;

pub use adapter::{Adapter, Worn};
pub use checkpoint::Checkpoint;
pub use codec::PatchCodec;
pub use device::DeviceChoice;
pub use error::{EngineError, ErrorKind, Result};
pub use pipeline::{
    Batch, Drawn, Image, Manifest, Pipeline, Sampling, Size, TextEncoderEntry, TextEncoderKind, Unwatched,
    UpscalerEntry, Watch,
};
pub use renderer::{EngineOptions, EngineRenderer};
pub use scheduler::FlowMatchEuler;
pub use upscaler::Upscaler;
pub use weights::{NamedWeights, Vars, Weights};
