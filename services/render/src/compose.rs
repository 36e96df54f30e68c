//! A shot that keeps its subjects' own pixels: the cut-outs are set on a backdrop, or into a drawn scene. What is made here
//! is the preview that is scored; postprocess sets the same cut-outs into every deliverable's own shape.

use crate::kept::Kept;
use cavendish_conveyor::HandlerError;
use cavendish_domain::Backdrop as BackdropName;
use cavendish_imaging::image::{RgbImage, RgbaImage};
use cavendish_imaging::{Backdrop, Ground, ImageError, Piece, PixelBox, Placement, compose_on};
use cavendish_service_kit::blocking;
use serde_json::{Value, json};
use std::sync::Arc;

/// Subjects in their place.
pub(crate) struct Preview {
    /// The picture.
    pub(crate) image: RgbImage,
    /// The subjects as the picture shows them, each cropped to itself.
    pub(crate) cuts: Vec<RgbaImage>,
    /// Where they are.
    pub(crate) bounds: Vec<PixelBox>,
    /// How they were placed, for people.
    pub(crate) report: Value,
}

/// Sets the subjects into the scene, or on the backdrop where there is none.
///
/// # Errors
/// Permanent when the canvas is empty.
pub(crate) async fn preview(
    kept: &Arc<Vec<Kept>>,
    backdrop: &BackdropName,
    scene: Option<RgbImage>,
    [width, height]: [u32; 2],
) -> Result<Preview, HandlerError> {
    let (kept, name) = (Arc::clone(kept), backdrop.0.clone());
    blocking(move || {
        let backdrop = Backdrop::named(&name).unwrap_or_else(Backdrop::light_grey);
        let (ground, placement) = match &scene {
            Some(scene) => (Ground::Scene(scene), Placement::in_scene()),
            None => (Ground::Studio(&backdrop), Placement::default()),
        };
        let pieces: Vec<_> = kept.iter().map(|kept| Piece { cutout: &kept.cutouts[0], size: kept.size }).collect();
        let composed = compose_on(width, height, ground, &pieces, &placement)?;
        let cuts = composed.subjects.iter().map(|placed| placed.cut(&composed.image)).collect();
        let bounds = composed.subjects.iter().map(|placed| placed.subject).collect();
        let report = json!({"scale": composed.scale, "fill": composed.fill});
        Ok(Preview { image: composed.image, cuts, bounds, report })
    })
    .await?
    .map_err(|error: ImageError| HandlerError::permanent("compose", error))
}
