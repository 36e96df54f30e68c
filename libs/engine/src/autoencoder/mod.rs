//! FLUX.2's autoencoder: diffusers' `AutoencoderKLFlux2` (`autoencoder_kl_flux2.py`, 0.42, Apache-2.0), for any of its
//! configurations, and how the klein pipeline (`pipeline_flux2_klein.py`) makes tokens of its latents.

mod block;
mod config;
mod decoder;
mod encoder;
mod model;
mod tiling;
mod tokens;

pub use config::AutoencoderConfig;
pub use model::{AutoencoderKlFlux2, Posterior};
