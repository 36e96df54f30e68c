//! What subjects stand on, made ready for painting rows of one size.

use image::RgbImage;

use super::backdrop::{Light, LitRow, dithered};
use super::shadow::Lamp;
use super::{Ambience, Backdrop};
use crate::error::ImageError;
use crate::resize::resize_rgb;

/// What subjects are set on.
#[derive(Debug, Clone, Copy)]
pub enum Ground<'a> {
    /// A computed studio.
    Studio(&'a Backdrop),
    /// A picture; it covers the canvas, cropped evenly where its shape differs.
    Scene(&'a RgbImage),
}

impl Ground<'_> {
    /// Whether every pixel that nothing touches has to be (255, 255, 255).
    pub(super) fn is_pure_white(&self) -> bool {
        matches!(self, Self::Studio(backdrop) if backdrop.is_pure_white())
    }
}

/// A ground in the size of the canvas.
pub(super) enum Floor<'a> {
    Studio { backdrop: &'a Backdrop, light: Box<Light>, white: bool },
    Scene { picture: RgbImage, ambience: Ambience },
}

impl<'a> Floor<'a> {
    /// `frame` is where the subjects stand, `[left, top, right, bottom]`.
    pub(super) fn new(ground: Ground<'a>, width: u32, height: u32, frame: [f32; 4]) -> Result<Self, ImageError> {
        Ok(match ground {
            Ground::Studio(backdrop) => Self::Studio {
                backdrop,
                light: Box::new(Light::new(backdrop, width, height, Some(frame))),
                white: backdrop.is_pure_white(),
            },
            Ground::Scene(scene) => {
                let picture = covering(scene, width, height)?;
                Self::Scene { ambience: Ambience::of(&picture), picture }
            }
        })
    }

    pub(super) fn lamp(&self) -> Lamp {
        match self {
            Self::Studio { backdrop, white, .. } => Lamp { from: backdrop.light, white: *white },
            Self::Scene { ambience, .. } => Lamp { from: ambience.light, white: false },
        }
    }

    /// How much softer than usual its shadows are.
    pub(super) fn softness(&self) -> f32 {
        match self {
            Self::Studio { .. } => 1.0,
            Self::Scene { ambience, .. } => ambience.softness,
        }
    }

    pub(super) fn row(&self, y: u32) -> FloorRow<'_> {
        match self {
            Self::Studio { white: true, .. } => FloorRow::White,
            Self::Studio { light, .. } => FloorRow::Lit(light.row(y)),
            Self::Scene { picture, .. } => {
                let width = picture.width() as usize * 3;
                FloorRow::Drawn(picture.as_raw()[y as usize * width..][..width].chunks_exact(3))
            }
        }
    }

    /// A colour of the ground where `keep` of the light arrives.
    pub(super) fn shaded(&self, colour: [f32; 3], keep: f32) -> [f32; 3] {
        match self {
            _ if keep >= 1.0 => colour,
            Self::Studio { .. } => colour.map(|channel| channel * keep),
            Self::Scene { ambience, .. } => {
                let left = ambience.shaded(1.0 - keep);
                std::array::from_fn(|k| colour[k] * left[k])
            }
        }
    }

    /// A subject's colour where it is opaque to `alpha`.
    pub(super) fn spilt(&self, colour: [f32; 3], alpha: f32) -> [f32; 3] {
        match self {
            Self::Scene { ambience, .. } if alpha < 1.0 => ambience.spilt(colour, alpha),
            _ => colour,
        }
    }

    /// Rounds; computed grounds with a dither. `opaque` is a subject's own pixel, `keep` the light that arrives.
    pub(super) fn rounded(&self, colour: [f32; 3], at: (u32, u32), opaque: bool, keep: f32) -> [u8; 3] {
        match self {
            Self::Studio { backdrop, white, .. } if !(opaque || (*white && keep >= 1.0)) => {
                dithered(colour, at.0, at.1, backdrop.seed)
            }
            _ => colour.map(|channel| channel.round().clamp(0.0, 255.0) as u8),
        }
    }
}

/// The colours of one row, from left to right.
pub(super) enum FloorRow<'a> {
    White,
    Lit(LitRow<'a>),
    Drawn(std::slice::ChunksExact<'a, u8>),
}

impl FloorRow<'_> {
    pub(super) fn next_colour(&mut self) -> [f32; 3] {
        match self {
            Self::White => [255.0; 3],
            Self::Lit(row) => row.next_colour(),
            Self::Drawn(pixels) => pixels.next().map_or([0.0; 3], |pixel| std::array::from_fn(|k| f32::from(pixel[k]))),
        }
    }
}

/// The middle of a picture that fills the canvas, never stretched.
fn covering(scene: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ImageError> {
    let (w, h) = (scene.width().max(1) as f32, scene.height().max(1) as f32);
    let scale = (width as f32 / w).max(height as f32 / h);
    let side = |length: f32, least: u32| ((length * scale).round() as u32).max(least).max(1);
    let scaled = resize_rgb(scene, side(w, width), side(h, height))?;
    let (x, y) = ((scaled.width() - width) / 2, (scaled.height() - height) / 2);
    Ok(image::imageops::crop_imm(&scaled, x, y, width, height).to_image())
}
