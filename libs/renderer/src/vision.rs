//! How Cavendish sees: a subject is cut out of a picture, and two cut-outs are compared.

use crate::{Pixels, RenderError};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Interleaved 8-bit sRGB with straight alpha, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelsAlpha {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height * 4` bytes, RGBA.
    pub rgba: Vec<u8>,
}

/// How much of every pixel belongs to the subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Matte {
    /// Width in pixels, that of the picture.
    pub width: u32,
    /// Height in pixels, that of the picture.
    pub height: u32,
    /// `width * height` bytes, row-major; 255 is all subject.
    pub alpha: Vec<u8>,
    /// How sure the network is, 0..=1: low where much of the outline is neither subject nor background.
    pub confidence: f32,
}

/// Where a subject lies among others: a vector of length 1. Only embeddings of one encoder compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Embedding(pub Vec<f32>);

impl Embedding {
    /// Cosine of the angle to another, -1..=1; 0 when they have not the same number of dimensions.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0)
    }

    /// The cosine to the most similar of `references`; `None` when there are none.
    #[must_use]
    pub fn nearest(&self, references: &[Self]) -> Option<f32> {
        references.iter().map(|reference| self.cosine(reference)).max_by(f32::total_cmp)
    }
}

/// What sees, by name and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisionInfo {
    /// The network that cuts out.
    pub cutout: String,
    /// The network that embeds; embeddings are comparable where this is equal.
    pub encoder: String,
    /// Dimensions of an embedding.
    pub dimensions: u32,
}

/// Cuts subjects out and compares them. Implementations own their threads; callers only await.
#[async_trait]
pub trait Vision: Send + Sync {
    /// What is loaded.
    fn info(&self) -> VisionInfo;

    /// How much of each pixel stands out, at the picture's own size, as the network sees it: pictures of another size than
    /// the network looks at are brought to its square for it, and edges are as blurred as that makes them.
    ///
    /// # Errors
    /// [`RenderError::Invalid`] for a picture that lacks bytes, else as for renders.
    async fn matte(&self, picture: Pixels) -> Result<Matte, RenderError>;

    /// Embeddings of subjects that are cut out and cropped to themselves; what alpha hides does not matter.
    ///
    /// # Errors
    /// [`RenderError::Invalid`] for one that lacks bytes or shows nothing, else as for renders.
    async fn embed(&self, subjects: Vec<PixelsAlpha>) -> Result<Vec<Embedding>, RenderError>;

    /// What a cosine means, 0..=1: calibrated so that 0.5 is as likely another subject as the same one (the encoder's
    /// equal-error point). Monotonic.
    fn consistency(&self, cosine: f32) -> f32;
}
