use crate::inputs::{Edit, Reference};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Pixels along a side of an image, at most.
pub const MAX_SIDE: u32 = 12_288;
/// References of one image, at most.
pub const MAX_REFERENCES: usize = 14;

/// One image to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// What to draw, in words; at most a few hundred characters matter to the text encoder.
    pub prompt: String,
    /// Wanted width in pixels, at least 1. Models draw at the sizes they know, nearest in aspect ratio: see the answer's pixels.
    pub width: u32,
    /// Wanted height in pixels, at least 1.
    pub height: u32,
    /// Which of the model's native sizes to draw at before it is enlarged; `None`, or one it does not have: the nearest
    /// in aspect ratio.
    pub native: Option<[u32; 2]>,
    /// Denoising steps, 1..=100; `None` takes the model's own default.
    pub steps: Option<u32>,
    /// Classifier-free guidance scale, 0..=100; `None` takes the model's own default, 1.0 switches it off.
    pub guidance: Option<f64>,
    /// Seed of the noise: the same request and seed give identical pixels, as far as the renderer promises.
    pub seed: u64,
    /// Pictures of what is to be in the image, at most [`MAX_REFERENCES`]; their order matters.
    pub references: Vec<Reference>,
    /// A picture to start from instead of nothing but noise.
    pub edit: Option<Edit>,
    /// An image whose velocity changes by at most this much from one step to the next (relative error) takes no more
    /// steps, 0..=1; 0 takes them all.
    pub settle: f64,
    /// Whose turn it is that this image takes when several callers wait for the device.
    pub share: Share,
}

/// Among whom the device is shared, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Share {
    /// Callers of the same owner share one owner's part.
    pub owner: String,
    /// The owner's part relative to other owners', 1 or more: that of the lane.
    pub weight: u32,
}

impl Default for Share {
    fn default() -> Self {
        Self { owner: String::new(), weight: 1 }
    }
}

impl Default for RenderRequest {
    /// An empty prompt at 1024 × 1024, everything else left to the model.
    fn default() -> Self {
        Self {
            prompt: String::new(),
            width: 1024,
            height: 1024,
            native: None,
            steps: None,
            guidance: None,
            seed: 0,
            references: Vec::new(),
            edit: None,
            settle: 0.0,
            share: Share::default(),
        }
    }
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
        if self.width > MAX_SIDE || self.height > MAX_SIDE {
            let field = if self.width > MAX_SIDE { "width" } else { "height" };
            return invalid(field, format!("must be at most {MAX_SIDE}"));
        }
        if let Some(steps) = self.steps.filter(|steps| !(1..=100).contains(steps)) {
            return invalid("steps", format!("{steps} is not within 1..=100"));
        }
        if let Some(scale) = self.guidance.filter(|scale| !(0.0..=100.0).contains(scale)) {
            return invalid("guidance", format!("{scale} is not within 0..=100"));
        }
        if !(0.0..=1.0).contains(&self.settle) {
            return invalid("settle", format!("{} is not within 0..=1", self.settle));
        }
        if self.references.len() > MAX_REFERENCES {
            let count = self.references.len();
            return invalid("references", format!("{count} are more than {MAX_REFERENCES}"));
        }
        let whole = self.references.iter().all(|reference| reference.pixels.is_whole());
        if !whole {
            return invalid("references", "a picture is empty or lacks bytes".into());
        }
        self.edit.as_ref().map_or(Ok(()), Edit::check)
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

impl Pixels {
    /// Whether there is an image, with three bytes for every pixel.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let bytes = (self.width as usize).checked_mul(self.height as usize).and_then(|count| count.checked_mul(3));
        bytes.is_some_and(|bytes| bytes > 0 && self.rgb.len() == bytes)
    }
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
    /// Most memory that was in use while this was drawn, in bytes; `None` where it cannot be told.
    pub peak_memory: Option<u64>,
    /// Whether what the model makes of the references was known from an earlier image.
    pub knew_references: bool,
}

/// What a renderer can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RendererInfo {
    /// Model name and version, for example `nano-v0`.
    pub model: String,
    /// Device in words, for example `cpu` or `cuda:0`.
    pub device: String,
    /// The longer side in pixels of the images it gives by default, whatever size is asked for.
    pub native_side: u32,
    /// Images per batch at most.
    pub max_batch: u32,
    /// The sizes the model draws at before it enlarges, `[width, height]` in pixels, the default first.
    pub native_sizes: Vec<[u32; 2]>,
    /// Denoising steps when a request names none.
    pub default_steps: u32,
    /// Guidance scale when a request names none; 1 is none.
    pub default_guidance: f64,
    /// References of one image, at most; 0 for a model that takes none.
    pub max_references: u32,
    /// Side in pixels, at native size, of the place that each subject is drawn in, by a model that takes one reference a
    /// subject; `None` for one that places subjects as it likes, from any number of references.
    #[serde(default)]
    pub place: Option<u32>,
    /// What draws images with references, where that is another model.
    #[serde(default)]
    pub for_references: Option<Box<RendererInfo>>,
    /// Whether things that a prompt names are better drawn from pictures of them.
    #[serde(default)]
    pub recall: bool,
    /// Whether it draws pictures on beyond their edges so that both go together ([`Edit`] with a mask).
    #[serde(default)]
    pub outpaints: bool,
    /// Devices that draw beside each other.
    pub devices: u32,
}

impl RendererInfo {
    /// The model that draws images with references, or without.
    #[must_use]
    pub fn drawing(&self, references: bool) -> &Self {
        self.for_references.as_deref().filter(|_| references).unwrap_or(self)
    }
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
