//! The engine against the reference implementation, and what its renderer promises. One binary, so that libtorch is
//! linked once.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests; clippy knows functions marked as such only")]

mod autoencoder;
mod checkpoint;
mod equals_reference;
mod folders;
mod lora;
mod pipeline;
mod qwen3;
mod references;
mod renderer;
mod sharing;
mod shown;
mod support;
mod upscaler;
mod vision;
mod weights;
