//! FLUX.2: the transformer of diffusers' `transformer_flux2.py` (0.42, Apache-2.0), for any of its configurations.

mod attention;
mod block;
mod conditioning;
mod config;
mod embedding;
mod references;
mod rotary;
mod transformer;

pub use conditioning::Conditioning;
pub use config::Flux2Config;
pub use references::ReferenceKv;
pub use rotary::{Grid, Rotary, TokenLayout};
pub use transformer::{Flux2Transformer2DModel, Site, TransformerInput};
