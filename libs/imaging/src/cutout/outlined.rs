//! Outlines, and how far they can be trusted.

use cavendish_specs::PixelBox;
use image::{RgbImage, RgbaImage};

use super::mask::Mask;
use super::{Cutout, Doubt, Edges, Method, matte, nothing};
use crate::error::ImageError;

/// A subject's outline in its picture, before it is cut out.
pub(super) struct Outlined {
    /// Opacity per pixel, 0..1.
    pub(super) alpha: Vec<f32>,
    method: Method,
    pub(super) judged: Judged,
}

impl Outlined {
    /// By its opacity per pixel; see [`Judged::of`].
    pub(super) fn of(
        alpha: Vec<f32>,
        image: &RgbImage,
        method: Method,
        ambiguous: f32,
        told: f32,
    ) -> Result<Self, ImageError> {
        let on = alpha.iter().map(|a| *a >= 0.5).collect();
        let solid = Mask::new(image.width() as usize, image.height() as usize, on);
        Ok(Self { judged: Judged::of(&solid, method, ambiguous, told)?, alpha, method })
    }

    /// From a mask of the picture, of any size.
    pub(super) fn softened(image: &RgbImage, mask: &Mask, method: Method, told: f32) -> Result<Self, ImageError> {
        let matte = matte::soften(image, mask);
        Self::of(matte.alpha, image, method, matte.ambiguous, told)
    }

    pub(super) fn cut(self, image: &RgbImage) -> Cutout {
        self.judged.cut(matte::colours(image, &self.alpha), self.method)
    }
}

/// How far an outline can be trusted.
pub(super) struct Judged {
    bbox: PixelBox,
    pub(super) confidence: f32,
    doubts: Vec<Doubt>,
    touches: Edges,
}

impl Judged {
    /// `solid` is what is at least half opaque; `ambiguous` the share of the outline that can hardly be told, `told` that
    /// of the pixels whose colour tells on which side they are.
    pub(super) fn of(solid: &Mask, method: Method, ambiguous: f32, told: f32) -> Result<Self, ImageError> {
        let bbox = solid.bounds().ok_or_else(nothing)?;
        let share = solid.area() as f32 / solid.on.len() as f32;
        let touches = Edges {
            top: bbox.y == 0,
            left: bbox.x == 0,
            right: (bbox.x + bbox.width) as usize == solid.width,
            bottom: (bbox.y + bbox.height) as usize == solid.height,
        };
        let doubts: Vec<Doubt> = [
            (touches.any(), Doubt::RunsIntoEdge),
            (share < 0.01, Doubt::VerySmall),
            (share > 0.85, Doubt::FillsPicture),
            (ambiguous > 0.45, Doubt::FaintOutline),
            (method == Method::GrabCut && told < 0.8, Doubt::SharedColours),
        ]
        .into_iter()
        .filter_map(|(is, doubt)| is.then_some(doubt))
        .collect();
        let confidence = doubts.iter().map(|doubt| doubt.cost()).product::<f32>() * (1.0 - 0.3 * ambiguous);
        Ok(Self { bbox, confidence, doubts, touches })
    }

    pub(super) fn cut(self, rgba: RgbaImage, method: Method) -> Cutout {
        let Self { bbox, confidence, doubts, touches } = self;
        Cutout { rgba, bbox, confidence, uncertain: Doubt::told(&doubts), doubts, measures: None, touches, method }
    }
}
