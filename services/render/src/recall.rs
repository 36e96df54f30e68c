//! Things that a prompt names and the line knows by sight, for a model that is better shown than told.

use cavendish_conveyor::HandlerError;
use cavendish_imaging::{Limits, decode};
use cavendish_knowledge::{Known, LIST, Thing};
use cavendish_renderer::{PixelsAlpha, Reference, RendererInfo};
use cavendish_service_kit::blocking;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// What is known by sight. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recall(Arc<Known>);

impl Recall {
    /// Reads the list in the folder; nothing is known where there is none.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        if !folder.join(LIST).is_file() {
            tracing::info!(folder = %folder.display(), "no things are known by sight");
            return Ok(Self::default());
        }
        Ok(Self(Arc::new(Known::open(folder)?)))
    }

    /// What the prompt names, with a picture of each, from left to right; empty for a model that draws names as well as
    /// pictures.
    ///
    /// # Errors
    /// Permanent when a picture cannot be read.
    pub(crate) async fn of(
        &self,
        prompt: &str,
        model: &RendererInfo,
    ) -> Result<(Vec<String>, Vec<Reference>), HandlerError> {
        if !model.recall {
            return Ok((vec![], vec![]));
        }
        let (known, prompt, most) = (self.0.clone(), prompt.to_owned(), model.drawing(true).max_references as usize);
        blocking(move || {
            let things = known.recall(&prompt, most);
            let seen = things.into_iter().map(|thing| Ok((thing.name.clone(), reference(&known, thing)?)));
            seen.collect::<anyhow::Result<Vec<_>>>().map(|seen| seen.into_iter().unzip())
        })
        .await?
        .map_err(|error| HandlerError::permanent("unreadable_thing", error))
    }
}

/// A thing's picture, named by its bytes.
fn reference(known: &Known, thing: &Thing) -> anyhow::Result<Reference> {
    let bytes = known.picture(thing)?;
    let key = Sha256::digest(&bytes)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let picture = decode(&bytes, &Limits::default())?.image.into_rgba8();
    let (width, height) = picture.dimensions();
    Ok(Reference::of_subject(key, &PixelsAlpha { width, height, rgba: picture.into_raw() }))
}
