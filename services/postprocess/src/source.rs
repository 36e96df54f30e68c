//! What the files of a shot are made from, as it lies in the bucket.

use crate::handler::Input;
use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{Backdrop, BlobKey, Made, Method, Outpainted};
use cavendish_imaging::{Decoded, ImageError, Limits, decode};
use cavendish_service_kit::{blob_error, blocking};

/// Bytes of a stored render, scene or cut-out, at most.
const MAX_SOURCE_BYTES: u64 = 64 * 1024 * 1024;

/// Decoded, and not yet taken apart.
pub(crate) enum Source {
    /// The render of a model, and the same drawn on beyond its edges with the render's corner in that.
    Drawn(Decoded, Option<(Decoded, [u32; 2])>),
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
                Some(Outpainted { key, at }) => Some((fetch(blobs, &key).await?, at)),
                None => None,
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

async fn fetch(blobs: &dyn BlobStore, key: &BlobKey) -> Result<Decoded, HandlerError> {
    let bytes = blobs.get(key, MAX_SOURCE_BYTES).await.map_err(blob_error)?;
    blocking(move || decode(&bytes, &Limits::default()))
        .await?
        .map_err(|error: ImageError| HandlerError::permanent("unreadable_render", error))
}
