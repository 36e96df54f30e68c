//! A shot that keeps the subject's own pixels: the cut-out is set on its backdrop. What is made here is the square
//! preview; postprocess sets the same cut-out into every deliverable's own shape.

use crate::handler::Drawn;
use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::outlook::STUDIO;
use cavendish_domain::{Backdrop as BackdropName, BlobKey};
use cavendish_imaging::{Backdrop, CutoutHint, ImageError, Limits, Placement, compose, cutout, decode};
use cavendish_service_kit::{blob_error, blocking};
use serde_json::json;

/// Bytes of a stored cut-out, at most: 2400² RGBA and some room.
const MAX_CUTOUT_BYTES: u64 = 64 * 1024 * 1024;

/// Sets the cut-out on its backdrop.
///
/// # Errors
/// Retryable when the blob store is away; permanent when the cut-out cannot be read.
pub(crate) async fn preview(
    blobs: &dyn BlobStore,
    key: &BlobKey,
    backdrop: &BackdropName,
    width: u32,
    height: u32,
) -> Result<Drawn, HandlerError> {
    let bytes = blobs.get(key, MAX_CUTOUT_BYTES).await.map_err(blob_error)?;
    let name = backdrop.0.clone();
    let scene = blocking(move || {
        let backdrop = Backdrop::named(&name).unwrap_or_else(Backdrop::light_grey);
        let subject = cutout(&decode(&bytes, &Limits::default())?, &CutoutHint::default())?;
        compose(width, height, &backdrop, &subject, &Placement::default())
    })
    .await?
    .map_err(|error: ImageError| HandlerError::permanent("compose", error))?;
    let report = json!({"scale": scene.scale, "fill": scene.fill});
    Ok(Drawn { image: scene.image, model: STUDIO.into(), steps: 0, report })
}
