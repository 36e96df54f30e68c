use crate::{Backdrop, BlobKey, Decision};
use serde::{Deserialize, Serialize};

/// What one shot asks of the render stage, and what its render then feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotRequest {
    /// Which of the brief's variants this is, from 0.
    pub variant: u32,
    /// The prompt as the model gets it.
    pub prompt: String,
    /// Seed of everything random in this shot.
    pub seed: u64,
    /// Width of the render in pixels.
    pub width: u32,
    /// Height of the render in pixels.
    pub height: u32,
    /// Denoising steps; `None` takes the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// How the image comes about.
    pub method: Method,
    /// The deliverables that this shot feeds, as places in the brief's list.
    pub deliverables: Vec<usize>,
    /// How the plan came to this; absent in shots that were planned before there were decisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// How the image of a shot comes about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// The model draws it from the prompt alone.
    Draw,
    /// The subject's own pixels are placed on a backdrop; nothing of the subject is repainted.
    Compose {
        /// The cut-out, PNG with alpha.
        cutout: BlobKey,
        /// How sure the cut-out is, 0..=1.
        confidence: f32,
        /// Why it is unsure, for the report.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uncertain: Option<String>,
        /// What it stands on.
        backdrop: Backdrop,
    },
}
