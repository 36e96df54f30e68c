//! The linear patch codec: square RGB patches to and from a few principal components.

use crate::error::{EngineError, ErrorKind, Result};
use crate::weights::Weights;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Patches p, flattened as (channel, row, column), and latents z: `z = ((p − mean) · basis) / scale`,
/// `p = (z · scale) · basisᵀ + mean`. Pixels are within −1..=1; tokens are in row-major order.
#[derive(Debug)]
pub struct PatchCodec {
    mean: Tensor,  // (3 · patch²)
    basis: Tensor, // (3 · patch², channels)
    scale: Tensor, // (channels)
    patch: i64,
}

impl PatchCodec {
    /// Loads `mean`, `basis` and `scale` from a safetensors file.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if they are not there, something else is, or the shapes do not go together.
    pub fn load(path: &Path, device: Device) -> Result<Self> {
        let weights = Weights::open(path, device, Kind::Float)?;
        let shape = weights.shape("basis").filter(|shape| shape.len() == 2).unwrap_or_else(|| vec![192, 128]);
        let patch = ((shape[0] / 3) as f64).sqrt() as i64;
        if patch == 0 || 3 * patch * patch != shape[0] {
            let what = format!("{}: basis of {} rows is not for square RGB patches", path.display(), shape[0]);
            return Err(EngineError::new(ErrorKind::Weights, what));
        }
        let vars = weights.root();
        let codec = Self {
            mean: vars.tensor("mean", &shape[..1]),
            basis: vars.tensor("basis", &shape),
            scale: vars.tensor("scale", &shape[1..]),
            patch,
        };
        weights.finish()?;
        Ok(codec)
    }

    /// Side of a patch in pixels.
    #[must_use]
    pub fn patch(&self) -> i64 {
        self.patch
    }

    /// Channels of a latent token.
    #[must_use]
    pub fn channels(&self) -> i64 {
        self.scale.size()[0]
    }

    /// How far each channel of a latent spreads in pixels (−1..=1): (channels).
    pub fn scale(&self) -> &Tensor {
        &self.scale
    }

    /// Latents (batch, rows · columns, channels) to pixels (batch, 3, rows · patch, columns · patch).
    /// Values may leave −1..=1 a little.
    pub fn decode(&self, latents: &Tensor, rows: i64, columns: i64) -> Tensor {
        let patch = self.patch;
        let patches = (latents * &self.scale).matmul(&self.basis.tr()) + &self.mean; // (batch, tokens, 3 · patch²)
        patches
            .reshape([-1, rows, columns, 3, patch, patch])
            .permute([0, 3, 1, 4, 2, 5]) // (batch, 3, rows, patch, columns, patch)
            .reshape([-1, 3, rows * patch, columns * patch])
    }

    /// Pixels (batch, 3, height, width), sides multiples of the patch, to latents (batch, tokens, channels).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for pixels of any other shape.
    pub fn encode(&self, pixels: &Tensor) -> Result<Tensor> {
        let patch = self.patch;
        let size = pixels.size();
        if size.len() != 4 || size[1] != 3 || size[2] % patch != 0 || size[3] % patch != 0 {
            let what = format!("pixels {size:?} are not (batch, 3, height, width) in patches of {patch}");
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        let patches = pixels
            .reshape([size[0], 3, size[2] / patch, patch, size[3] / patch, patch])
            .permute([0, 2, 4, 1, 3, 5]) // (batch, rows, columns, 3, patch, patch)
            .reshape([size[0], -1, 3 * patch * patch]);
        Ok((patches - &self.mean).matmul(&self.basis) / &self.scale)
    }
}
