use super::frame::{Frame, Native, Size};
use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::path::Path;

/// `model.toml`: what a model folder holds and how it is sampled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name and version, for example `nano-v0`.
    pub name: String,
    /// The transformer, relative to the model's folder: a folder in diffusers' layout, or a single file, with the names of
    /// diffusers or of Black Forest Labs.
    pub transformer: String,
    /// Adapters that are part of the model: merged when it is loaded.
    #[serde(default)]
    pub adapters: Vec<AdapterEntry>,
    /// What turns latents into pixels, relative to the model's folder: the file of a linear patch codec, or the folder
    /// of an `AutoencoderKLFlux2` (diffusers layout).
    pub codec: String,
    /// How prompts are encoded.
    pub text_encoder: TextEncoderEntry,
    /// How images are sampled.
    pub sampling: Sampling,
    /// The sizes the model draws at.
    #[serde(rename = "native_sizes")]
    pub native: Native,
    /// What the model does with references.
    #[serde(default)]
    pub references: ReferenceUse,
    /// Folder of the model that draws what references show, relative to this one's, where that is another one.
    pub reference_model: Option<String>,
    /// Whether things that a prompt names are better drawn from pictures of them, where the line knows some.
    #[serde(default)]
    pub recall: bool,
    /// Whether it draws pictures on beyond their edges so that both go together.
    #[serde(default)]
    pub outpaints: bool,
    /// How images are enlarged afterwards, if they are.
    pub upscaler: Option<UpscalerEntry>,
}

/// A LoRA adapter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterEntry {
    /// Its safetensors file, relative to the model's folder.
    pub file: String,
    /// How much of it; 1.0 unless set.
    #[serde(default = "whole")]
    pub strength: f64,
}

fn whole() -> f64 {
    1.0
}

/// How images are enlarged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpscalerEntry {
    /// Folder of the upscaler, relative to the model's.
    pub dir: String,
    /// How many times as large, at most: 1 to 16.
    pub factor: u32,
}

/// How prompts are encoded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoderEntry {
    /// Which encoder.
    pub kind: TextEncoderKind,
    /// Tokens of a prompt; longer ones are cut, shorter ones padded.
    pub tokens: usize,
    /// Folder of its weights and tokenizer, relative to the model's; that of the renderer's options when absent.
    pub dir: Option<String>,
    /// The layers whose states are used, side by side (Qwen3 only); klein's 9, 18 and 27 when absent.
    pub layers: Option<Vec<usize>>,
}

/// The text encoders there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoderKind {
    /// all-MiniLM-L6-v2, token states of the last layer, padded with zeros.
    Minilm,
    /// Qwen3 in its chat template, states of several layers, padded as the reference does.
    Qwen3,
}

/// How images are sampled unless a request says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Denoising steps.
    pub steps: usize,
    /// Guidance scale; 1.0 for models that need none.
    pub guidance: f64,
    /// Bend of the schedule.
    pub shift: Shift,
}

/// Bend of the schedule: a number, see [`crate::FlowMatchEuler::new`], or `"empirical"`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "ShiftForm")]
pub enum Shift {
    /// The same for all sizes.
    Fixed(f64),
    /// From tokens and steps, see [`crate::FlowMatchEuler::empirical`].
    Empirical,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ShiftForm {
    Fixed(f64),
    Named(EmpiricalName),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EmpiricalName {
    Empirical,
}

impl From<ShiftForm> for Shift {
    fn from(form: ShiftForm) -> Self {
        match form {
            ShiftForm::Fixed(shift) => Self::Fixed(shift),
            ShiftForm::Named(EmpiricalName::Empirical) => Self::Empirical,
        }
    }
}

/// What a model does with references.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mode")]
pub enum ReferenceUse {
    /// It was not trained with any.
    #[default]
    None,
    /// They stand beside the image in every step. What the network made of them alone is kept and used instead where
    /// that changes the image's latents by at most `tolerance` (relative error over all of them).
    Joint {
        /// 0 never uses what is kept.
        #[serde(default = "default_tolerance")]
        tolerance: f64,
    },
    /// The model was trained to look at what it made of them alone: exact, so always kept.
    Kept {
        /// References are looked at as squares of this side in pixels; at the native size nearest to their own when absent.
        #[serde(default)]
        side: Option<u32>,
    },
    /// Every reference is a subject of its own, drawn in a place as large as its reference: row by row from the left, in
    /// the middle of the image. References are laid there, and the network takes that picture as further channels of
    /// every patch (as the collage of AnyDoor, Chen et al. 2024, 2307.09481) and predicts what the image differs in from
    /// it: what they are for it depends on nothing else, and costs no tokens.
    Laid {
        /// Side of a place in pixels, a multiple of the patch.
        side: u32,
    },
}

impl ReferenceUse {
    /// Side in pixels of the place of a subject, of a model that gives each one.
    #[must_use]
    pub fn place(self) -> Option<u32> {
        match self {
            Self::Laid { side } => Some(side),
            _ => None,
        }
    }
}

/// Latents that differ by less decode to pictures that are told apart with difficulty.
fn default_tolerance() -> f64 {
    0.05
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
        let wrong = |what| EngineError::new(ErrorKind::Model, format!("{}: {what}", path.display()));
        manifest.native.check().map_err(wrong)?;
        match manifest.references {
            ReferenceUse::Laid { side: 0 } => Err(wrong("references.side is 0")),
            _ => Ok(manifest),
        }
    }

    /// How an image of the wanted size comes about.
    #[must_use]
    pub fn frame(&self, wanted: Size) -> Frame {
        self.frame_from(None, wanted)
    }

    /// As [`Self::frame`], from the native size that is named, if the model draws it.
    #[must_use]
    pub fn frame_from(&self, native: Option<Size>, wanted: Size) -> Frame {
        self.native.frame_from(native, wanted, self.upscaler.as_ref().map_or(1, |entry| entry.factor))
    }

    /// How FLUX.2 \[klein\] is sampled, for the folder that Hugging Face publishes (`model_index.json`).
    #[must_use]
    pub fn klein() -> Self {
        let entry = TextEncoderEntry {
            kind: TextEncoderKind::Qwen3,
            tokens: 512,
            dir: Some("text_encoder".into()),
            layers: None,
        };
        Self {
            name: "flux2-klein".into(),
            transformer: "transformer".into(),
            adapters: Vec::new(),
            codec: "vae".into(),
            text_encoder: entry,
            sampling: Sampling { steps: 4, guidance: 1.0, shift: Shift::Empirical },
            native: Native::Free { multiple: 16, most_pixels: 4 << 20, default: Size { width: 1024, height: 1024 } },
            references: ReferenceUse::Joint { tolerance: default_tolerance() },
            reference_model: None,
            recall: false,
            outpaints: true,
            upscaler: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_refused() {
        assert!(toml::from_str::<Sampling>("steps = 1\nguidance = 1.0\nshift = 1.0\nspeed = 2").is_err());
    }

    #[test]
    fn klein_draws_scenes_on_and_other_models_where_they_say_so() {
        let text = include_str!("../../../../models/nano/model.toml");
        let outpaints = |text: &str| toml::from_str::<Manifest>(text).unwrap().outpaints;
        assert!(Manifest::klein().outpaints && !outpaints(text) && outpaints(&format!("outpaints = true\n{text}")));
    }

    #[test]
    fn a_shift_is_a_number_or_empirical() {
        let shift = |text: &str| {
            toml::from_str::<Sampling>(&format!("steps = 1\nguidance = 1.0\nshift = {text}")).map(|s| s.shift)
        };
        assert_eq!(shift("1.6").unwrap(), Shift::Fixed(1.6));
        assert_eq!(shift("'empirical'").unwrap(), Shift::Empirical);
        assert!(shift("'guessed'").is_err());
    }
}
