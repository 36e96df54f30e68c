//! FLUX.2: the transformer of diffusers' `transformer_flux2.py` (Apache-2.0), for any of its configurations.

mod attention;
mod block;
mod config;
mod embedding;
mod transformer;

pub use config::Flux2Config;
pub use embedding::{Rotary, TokenLayout};
pub use transformer::{Flux2Transformer2DModel, Site, TransformerInput};
