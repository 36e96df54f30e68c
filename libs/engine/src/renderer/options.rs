use crate::device::{DeviceChoice, Precision};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What to load, where, and with how much of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineOptions {
    /// Folder with `model.toml`, or one that Hugging Face publishes.
    pub model_dir: PathBuf,
    /// Folder with the text encoder's `model.safetensors`, `config.json` and `tokenizer.json`, where the model's has none.
    pub encoder_dir: PathBuf,
    /// Where to run: a replica of the model and a thread for each, beside each other. Every GPU, or else the CPU, unless
    /// set.
    #[serde(default)]
    pub devices: Vec<DeviceChoice>,
    /// What the network computes with; `auto` unless set.
    #[serde(default)]
    pub precision: Precision,
    /// libtorch's threads within an operation; all cores unless set.
    #[serde(default)]
    pub threads: Option<NonZeroUsize>,
    /// Images of a batch, and of every forward. Unless set, 1 on a CPU; on a GPU as many as measuring shows to pay.
    /// Part of what makes an image's bytes, see [`crate::Pipeline::with_forward_images`].
    #[serde(default)]
    pub max_batch: Option<NonZeroUsize>,
    /// Mebibytes of kept references on each device, at most; 1024 unless set.
    #[serde(default)]
    pub reference_mib: Option<usize>,
}

impl EngineOptions {
    /// The given folders, everything else by default.
    #[must_use]
    pub fn new(model_dir: impl Into<PathBuf>, encoder_dir: impl Into<PathBuf>) -> Self {
        Self {
            model_dir: model_dir.into(),
            encoder_dir: encoder_dir.into(),
            devices: Vec::new(),
            precision: Precision::Auto,
            threads: None,
            max_batch: None,
            reference_mib: None,
        }
    }
}
