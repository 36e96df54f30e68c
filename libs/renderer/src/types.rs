use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One image to draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderRequest {
    /// What to draw, in words; at most a few hundred characters matter to the text encoder.
    pub prompt: String,
    /// Wanted width in pixels, at least 1. Models draw at the sizes they know, nearest in aspect ratio: see the answer's pixels.
    pub width: u32,
    /// Wanted height in pixels, at least 1.
    pub height: u32,
    /// Denoising steps, 1..=100; `None` takes the model's own default.
    pub steps: Option<u32>,
    /// Classifier-free guidance scale, 0..=100; `None` takes the model's own default, 1.0 switches it off.
    pub guidance: Option<f64>,
    /// Seed of the noise: the same request and seed give identical pixels.
    pub seed: u64,
}

impl RenderRequest {
    /// Refuses what no model can draw: empty images, steps outside 1..=100, guidance that is not within 0..=100.
    ///
    /// # Errors
    /// [`RenderError::Invalid`] naming the field.
    pub fn check(&self) -> Result<(), RenderError> {
        let invalid = |field, reason: String| Err(RenderError::Invalid { field, reason });
        if self.width == 0 {
            return invalid("width", "must be at least 1".into());
        }
        if self.height == 0 {
            return invalid("height", "must be at least 1".into());
        }
        if let Some(steps) = self.steps.filter(|steps| !(1..=100).contains(steps)) {
            return invalid("steps", format!("{steps} is not within 1..=100"));
        }
        if let Some(scale) = self.guidance.filter(|scale| !(0.0..=100.0).contains(scale)) {
            return invalid("guidance", format!("{scale} is not within 0..=100"));
        }
        Ok(())
    }
}

/// Interleaved 8-bit sRGB, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height * 3` bytes, RGB.
    pub rgb: Vec<u8>,
}

/// Where the time of one render went, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct StepTiming {
    /// Waiting for the model's thread.
    pub queued_ms: f64,
    /// Text encoding (shared by the batch).
    pub encode_ms: f64,
    /// All denoising steps (shared by the batch).
    pub denoise_ms: f64,
    /// Latents to pixels.
    pub decode_ms: f64,
}

/// A finished render.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderOutput {
    /// The image.
    pub pixels: Pixels,
    /// Model name and version, for example `nano-v0`.
    pub model: String,
    /// Steps that were taken.
    pub steps: u32,
    /// Images that shared the batch, 1 or more.
    pub batch: u32,
    /// Where the time went.
    pub timing: StepTiming,
}

/// What a renderer can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RendererInfo {
    /// Model name and version, for example `nano-v0`.
    pub model: String,
    /// Device in words, for example `cpu` or `cuda:0`.
    pub device: String,
    /// The longer side in pixels of the images it gives by default, whatever size is asked for.
    pub native_side: u32,
    /// Images per batch at most.
    pub max_batch: u32,
}

/// Why a render did not come about.
#[derive(Debug, Error)]
pub enum RenderError {
    /// The request cannot be served by this model, now or later.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field of [`RenderRequest`] at fault.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The device ran out of memory even for a batch of one.
    #[error("the device ran out of memory: {0}")]
    OutOfMemory(String),
    /// The device or the model failed.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The model's thread has ended.
    #[error("the model's thread has ended")]
    Gone,
}

impl RenderError {
    /// Whether the same request may succeed later or elsewhere.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::OutOfMemory(_) | Self::Failed(_) | Self::Gone)
    }
}
