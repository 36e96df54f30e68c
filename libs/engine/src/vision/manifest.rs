use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::path::Path;

/// `vision.toml`: the networks that see, and what their numbers mean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisionManifest {
    /// What cuts out.
    pub cutout: CutoutEntry,
    /// What embeds.
    pub encoder: EncoderEntry,
}

/// The cut-out network.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutoutEntry {
    /// Name and version.
    pub name: String,
    /// Relative to the folder: `*.safetensors` for the network of this crate, `*.pt` for a TorchScript module that takes
    /// (1, 3, height, width), sRGB within −1..=1, and gives the logits of alpha, (1, 1, height, width).
    pub file: String,
    /// The longer side that pictures are looked at, in pixels: a multiple of 16. A short side is rounded to one.
    pub side: u32,
}

/// The subject encoder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderEntry {
    /// Name and version.
    pub name: String,
    /// Relative to the folder: `*.safetensors` for the network of this crate, `*.pt` for a TorchScript module that takes
    /// (batch, 4, side, side), sRGB within −1..=1 over grey and alpha within 0..=1, and gives (batch, dimensions).
    pub file: String,
    /// Side of the square in pixels.
    pub side: u32,
    /// Dimensions of an embedding.
    pub dimensions: u32,
    /// The cosine at which another subject is as likely as the same one: a consistency of 0.5.
    pub even: f32,
    /// The median cosine of views of one subject to its profile: a consistency of 0.95.
    pub sure: f32,
}

impl VisionManifest {
    /// Reads `vision.toml` of a folder.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if it cannot be read or contradicts itself.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("vision.toml");
        let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Model, format!("cannot read {}", path.display()), e)
        };
        let text = std::fs::read_to_string(&path).map_err(|e| cannot(e.into()))?;
        let manifest: Self = toml::from_str(&text).map_err(|e| cannot(e.into()))?;
        let EncoderEntry { even, sure, .. } = manifest.encoder;
        let on_grid = manifest.cutout.side > 0 && manifest.cutout.side.is_multiple_of(16);
        if !on_grid || even.is_nan() || sure.is_nan() || even >= sure {
            let what = format!("{}: side must be a multiple of 16, and even below sure", path.display());
            return Err(EngineError::new(ErrorKind::Model, what));
        }
        Ok(manifest)
    }
}

impl EncoderEntry {
    /// What a cosine means, 0..=1: a logistic curve through 0.5 at `even` and 0.95 at `sure`.
    #[must_use]
    pub fn consistency(&self, cosine: f32) -> f32 {
        let slope = 19.0_f32.ln() / (self.sure - self.even);
        1.0 / (1.0 + (-(cosine - self.even) * slope).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consistency_goes_through_its_two_points() {
        let entry = EncoderEntry {
            name: "e".into(),
            file: "e.safetensors".into(),
            side: 64,
            dimensions: 128,
            even: 0.6,
            sure: 0.8,
        };
        let close = |cosine, expected: f32| (entry.consistency(cosine) - expected).abs() < 1e-5;
        assert!(close(0.6, 0.5) && close(0.8, 0.95) && close(0.4, 0.05));
    }
}
