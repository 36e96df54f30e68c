//! A decoded picture, and what can be asked of it.

use image::{DynamicImage, GrayImage, Luma, RgbImage, RgbaImage};

use super::colour::IccOutcome;
use super::header::Header;
use crate::resize::flatten;

/// Alpha below this is through and through transparent to the eye.
const TRANSPARENT: u8 = 128;
/// A cut-out leaves at least this share of its picture transparent.
const LEAST_SHARE: f32 = 0.02;
/// A cut-out has at least this share of the picture's outermost pixels transparent: a subject may be cut by one side or two,
/// but a photograph with rounded corners has most of its border.
const LEAST_BORDER: f32 = 0.5;

/// A decoded picture: upright, sRGB, 8 bits.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// `ImageRgb8`, or `ImageRgba8` with straight alpha where the file has an alpha channel.
    pub image: DynamicImage,
    /// What the header declared, before the picture was turned upright or reduced.
    pub header: Header,
    /// What became of the colours that the file tells.
    pub icc: IccOutcome,
}

impl Decoded {
    /// Whether some pixel is not opaque.
    pub fn has_transparency(&self) -> bool {
        self.image.as_rgba8().is_some_and(|rgba| rgba.pixels().any(|p| p.0[3] < 255))
    }

    /// Whether the alpha channel cuts a subject out: more than a fiftieth of the pixels and half of the outermost ones are
    /// transparent. A photograph with rounded corners, a soft edge or a stray transparent pixel is none; [`Self::to_rgb`]
    /// lays it on white, as a page would show it.
    pub fn is_cut_out(&self) -> bool {
        let Some(rgba) = self.image.as_rgba8() else { return false };
        let (width, height) = rgba.dimensions();
        let (mut clear, mut border, mut clear_border) = (0u64, 0u64, 0u64);
        for (x, y, pixel) in rgba.enumerate_pixels() {
            let is_clear = u64::from(pixel.0[3] < TRANSPARENT);
            clear += is_clear;
            if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
                border += 1;
                clear_border += is_clear;
            }
        }
        let share = |part: u64, whole: u64| part as f32 / whole.max(1) as f32;
        share(clear, u64::from(width) * u64::from(height)) > LEAST_SHARE && share(clear_border, border) > LEAST_BORDER
    }

    /// The picture with alpha; opaque where the file has none.
    pub fn to_rgba(&self) -> RgbaImage {
        self.image.to_rgba8()
    }

    /// The picture without alpha; what is transparent is laid on white.
    pub fn to_rgb(&self) -> RgbImage {
        match &self.image {
            DynamicImage::ImageRgba8(rgba) => flatten(rgba, [255; 3]),
            other => other.to_rgb8(),
        }
    }

    /// The picture as a mask: the alpha of a cut-out, else how light each pixel is.
    pub fn to_mask(&self) -> GrayImage {
        if self.is_cut_out() {
            let rgba = self.to_rgba();
            return GrayImage::from_fn(rgba.width(), rgba.height(), |x, y| Luma([rgba.get_pixel(x, y).0[3]]));
        }
        self.image.to_luma8()
    }
}
