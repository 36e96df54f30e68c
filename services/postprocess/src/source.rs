//! What the files of a shot are made from, as it lies in the bucket.

use crate::handler::Input;
use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{Backdrop, BlobKey, Made, Method, Outpainted};
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Decoded, ImageError, Limits, crop, decode};
use cavendish_service_kit::{blob_error, blocking};

/// Decoded, and not yet taken apart.
pub(crate) enum Source {
    /// The render of a model, and the same drawn on beyond its edges, this way and that, with the render's corner in each.
    Drawn(Decoded, Vec<(RgbImage, [u32; 2])>),
    /// Cut-outs that are placed.
    Placed {
        /// From left to right.
        cutouts: Vec<Decoded>,
        /// The scene that was drawn for them.
        surroundings: Option<Decoded>,
        /// What they stand on without one.
        backdrop: Backdrop,
    },
}

/// Reads what the render made of a shot: what it asked for, or what was done instead.
///
/// # Errors
/// Retryable when the blob store is away; permanent for what cannot be decoded.
pub(crate) async fn read(blobs: &dyn BlobStore, input: &Input) -> Result<Source, HandlerError> {
    let asked = || match &input.request.method {
        Method::Draw => Made::Draw { outpainted: None },
        Method::Compose { placing, .. } => Made::Compose { backdrop: placing.backdrop.clone(), scene: None },
    };
    match input.render.made.clone().unwrap_or_else(asked) {
        Made::Draw { outpainted } => {
            let key = serde_json::from_value(input.render.blob_key.clone().into())
                .map_err(|error| HandlerError::permanent("unreadable_input", error))?;
            let wider = match outpainted {
                Some(outpainted) => wider(blobs, outpainted).await?,
                None => vec![],
            };
            Ok(Source::Drawn(fetch(blobs, &key).await?, wider))
        }
        Made::Compose { backdrop, scene } => {
            let mut cutouts = vec![];
            for cutout in input.request.kept().iter().filter_map(|subject| subject.cutouts.first()) {
                cutouts.push(fetch(blobs, &cutout.key).await?);
            }
            let surroundings = match scene {
                Some(key) => Some(fetch(blobs, &key).await?),
                None => None,
            };
            Ok(Source::Placed { cutouts, surroundings, backdrop })
        }
    }
}

/// The parts of a picture that was drawn on which are drawn throughout. Where it cannot be read, none: the render is there.
async fn wider(blobs: &dyn BlobStore, outpainted: Outpainted) -> Result<Vec<(RgbImage, [u32; 2])>, HandlerError> {
    let Outpainted { key, at, drawn } = outpainted;
    let picture = match fetch(blobs, &key).await {
        Ok(picture) => picture,
        Err(error) if error.retryable => return Err(error),
        Err(error) => {
            tracing::warn!(%error, %key, "what was drawn beyond a render's edges cannot be read: it is continued softly");
            return Ok(vec![]);
        }
    };
    blocking(move || {
        let picture = picture.to_rgb();
        let part = |[left, top, width, height]: [u32; 4]| {
            let at = [at[0].checked_sub(left)?, at[1].checked_sub(top)?];
            Some((crop(&picture, left, top, width, height).ok()?, at))
        };
        drawn.into_iter().filter_map(part).collect()
    })
    .await
}

async fn fetch(blobs: &dyn BlobStore, key: &BlobKey) -> Result<Decoded, HandlerError> {
    let limits = Limits::stored();
    let bytes = blobs.get(key, limits.max_bytes as u64).await.map_err(blob_error)?;
    blocking(move || decode(&bytes, &limits))
        .await?
        .map_err(|error: ImageError| HandlerError::permanent("unreadable_render", error))
}
