use crate::device::{DeviceChoice, Precision};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What to load, where, and with how much of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineOptions {
    /// Folder with `model.toml`.
    pub model_dir: PathBuf,
    /// Folder with the text encoder's `model.safetensors`, `config.json` and `tokenizer.json`.
    pub encoder_dir: PathBuf,
    /// Where to run; `auto` unless set.
    #[serde(default)]
    pub device: DeviceChoice,
    /// What the network computes with; `auto` unless set.
    #[serde(default)]
    pub precision: Precision,
    /// libtorch's threads within an operation; all cores unless set.
    #[serde(default)]
    pub threads: Option<NonZeroUsize>,
    /// Images of a batch, and of every forward: 1 on a CPU and 4 on a GPU unless set.
    /// Part of what makes an image's bytes, see [`crate::Pipeline::with_forward_images`].
    #[serde(default)]
    pub max_batch: Option<NonZeroUsize>,
}

impl EngineOptions {
    /// The given folders, everything else by default.
    #[must_use]
    pub fn new(model_dir: impl Into<PathBuf>, encoder_dir: impl Into<PathBuf>) -> Self {
        Self {
            model_dir: model_dir.into(),
            encoder_dir: encoder_dir.into(),
            device: DeviceChoice::Auto,
            precision: Precision::Auto,
            threads: None,
            max_batch: None,
        }
    }
}
