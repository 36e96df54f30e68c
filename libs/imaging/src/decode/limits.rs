//! How much an untrusted picture may take.

use serde::Deserialize;
use std::sync::OnceLock;

/// What this process allows, once it was told.
static ALLOWED: OnceLock<Limits> = OnceLock::new();

/// Bytes that decoding holds for a pixel, at most: the file's own samples and the picture that is made of them.
const BYTES_PER_PIXEL: u64 = 12;
/// Bytes for all else that decoding holds.
const BESIDE: u64 = 64 << 20;

/// How much an untrusted picture may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Greatest file size, bytes.
    pub max_bytes: usize,
    /// Greatest number of declared pixels.
    pub max_pixels: u64,
    /// Greatest declared side, pixels.
    pub max_side: u32,
    /// Greatest memory for decoding, bytes.
    pub max_alloc: u64,
    /// Whether the first frame of an animation is taken; otherwise an animation is refused.
    pub first_frame_of_animation: bool,
    /// The MIME type that the sender declared; a different content is refused. None: not compared.
    pub expect_mime: Option<String>,
    /// Pixels of the longer side that are enough: larger pictures are decoded at a fraction, still no smaller than this.
    /// None: every pixel is wanted.
    pub enough: Option<u32>,
}

impl Default for Limits {
    /// 64 MB, 100 megapixels, 32,768 a side, 1.2 GiB of memory, first frame of an animation, every pixel.
    fn default() -> Self {
        Self::of(64_000_000, 100_000_000)
    }
}

impl Limits {
    /// So many bytes and pixels, and the memory that decoding them takes.
    pub fn of(max_bytes: usize, max_pixels: u64) -> Self {
        Self {
            max_bytes,
            max_pixels,
            max_side: 32_768,
            max_alloc: max_pixels.saturating_mul(BYTES_PER_PIXEL).saturating_add(BESIDE),
            first_frame_of_animation: true,
            expect_mime: None,
            enough: None,
        }
    }

    /// The same limits, for who needs no more than so many pixels of the longer side.
    #[must_use]
    pub fn enough(self, side: u32) -> Self {
        Self { enough: Some(side.max(1)), ..self }
    }
}

impl Limits {
    /// What the line itself stores, cut-outs of the largest photographs included.
    pub fn stored() -> Self {
        Self::of(256_000_000, 100_000_000)
    }

    /// What the installation allows: what [`ImagingConfig::allow`] said when the process started, else the defaults.
    pub fn allowed() -> Self {
        ALLOWED.get().cloned().unwrap_or_default()
    }
}

/// `[imaging]`: how large photographs may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImagingConfig {
    /// Bytes of a photograph, at most; 64 MB unless said, at most 200 MB.
    pub max_bytes: usize,
    /// Pixels of a photograph, at most; 100 megapixels unless said, at most 200. Decoding takes up to twelve bytes for each.
    pub max_pixels: u64,
}

impl Default for ImagingConfig {
    fn default() -> Self {
        let Limits { max_bytes, max_pixels, .. } = Limits::default();
        Self { max_bytes, max_pixels }
    }
}

impl ImagingConfig {
    /// Bytes of a photograph that any installation may allow.
    pub const MOST_BYTES: usize = 200_000_000;
    /// Pixels of a photograph that any installation may allow.
    pub const MOST_PIXELS: u64 = 200_000_000;

    /// The limits that it stands for.
    pub fn limits(&self) -> Limits {
        Limits::of(self.max_bytes.min(Self::MOST_BYTES), self.max_pixels.min(Self::MOST_PIXELS))
    }

    /// Makes them those of this process. The first call counts: services of one process read the same configuration.
    pub fn allow(&self) {
        let _ = ALLOWED.set(self.limits());
    }
}
