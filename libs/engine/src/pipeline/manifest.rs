use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::path::Path;

/// `model.toml`: what a model folder holds and how it is sampled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name and version, for example `nano-v0`.
    pub name: String,
    /// Folder of the transformer (diffusers layout), relative to the model's.
    pub transformer: String,
    /// File of the linear patch codec, relative to the model's folder.
    pub codec: String,
    /// How prompts are encoded.
    pub text_encoder: TextEncoderEntry,
    /// How images are sampled.
    pub sampling: Sampling,
    /// The sizes the model was trained at, width and height in pixels; the first is the default.
    pub native_sizes: Vec<Size>,
    /// How images are enlarged afterwards, if they are.
    pub upscaler: Option<UpscalerEntry>,
}

/// How images are enlarged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpscalerEntry {
    /// Folder of the upscaler, relative to the model's.
    pub dir: String,
    /// How many times as large: 1 to 16.
    pub factor: u32,
}

/// How prompts are encoded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoderEntry {
    /// Which encoder.
    pub kind: TextEncoderKind,
    /// Tokens of a prompt; longer ones are cut, shorter ones padded with zero states.
    pub tokens: usize,
}

/// The text encoders there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoderKind {
    /// all-MiniLM-L6-v2, token states of the last layer.
    Minilm,
}

/// How images are sampled unless a request says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Denoising steps.
    pub steps: usize,
    /// Guidance scale.
    pub guidance: f64,
    /// Bend of the schedule, see [`crate::FlowMatchEuler::new`].
    pub shift: f64,
}

/// Width and height in pixels; `[width, height]` in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "[u32; 2]")]
pub struct Size {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl From<[u32; 2]> for Size {
    fn from([width, height]: [u32; 2]) -> Self {
        Self { width, height }
    }
}

impl Size {
    fn aspect(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

impl Manifest {
    /// Reads `model.toml`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if it cannot be read or names no native size.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Model, format!("cannot read {}", path.display()), e)
        };
        let text = std::fs::read_to_string(path).map_err(|e| cannot(e.into()))?;
        let manifest: Self = toml::from_str(&text).map_err(|e| cannot(e.into()))?;
        let usable = |size: &Size| size.width > 0 && size.height > 0;
        if manifest.native_sizes.is_empty() || !manifest.native_sizes.iter().all(usable) {
            let what = format!("{}: native_sizes needs at least one size, none of them empty", path.display());
            return Err(EngineError::new(ErrorKind::Model, what));
        }
        Ok(manifest)
    }

    /// The native size whose aspect ratio is nearest to the wanted one; the earlier of two equally near.
    #[must_use]
    pub fn nearest(&self, wanted: Size) -> Size {
        let off = |size: &&Size| (size.aspect().ln() - wanted.aspect().ln()).abs();
        let nearest = self.native_sizes.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
        nearest.copied().unwrap_or(self.native_sizes[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(sizes: &[[u32; 2]]) -> Manifest {
        let text = format!(
            "name = 'm'\ntransformer = 't'\ncodec = 'c'\nnative_sizes = {sizes:?}\n\
             [text_encoder]\nkind = 'minilm'\ntokens = 16\n[sampling]\nsteps = 4\nguidance = 1.0\nshift = 1.0\n"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn the_nearest_aspect_wins() {
        let several = manifest(&[[64, 64], [96, 48], [48, 96]]);
        for (wanted, native) in
            [([2000, 2000], [64, 64]), ([1200, 627], [96, 48]), ([1080, 1920], [48, 96]), ([1080, 1350], [64, 64])]
        {
            assert_eq!(several.nearest(wanted.into()), native.into(), "{wanted:?}");
        }
        assert_eq!(manifest(&[[64, 64]]).nearest([1080, 1920].into()), [64, 64].into());
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(toml::from_str::<Sampling>("steps = 1\nguidance = 1.0\nshift = 1.0\nspeed = 2").is_err());
    }
}
