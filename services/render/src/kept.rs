//! The subjects of a shot as drawing, placing and scoring need them.

use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{BlobKey, ShotSubject};
use cavendish_imaging::image::{RgbaImage, imageops};
use cavendish_imaging::{Cutout, CutoutHint, ImageError, Limits, cutout_by_alpha, decode, resize_rgba};
use cavendish_renderer::{Embedding, PixelsAlpha, Reference, RendererInfo, Vision};
use cavendish_service_kit::{blob_error, blocking};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Longer side of a subject in its reference picture, at most: what models look at.
const REFERENCE_SIDE: u32 = 1024;
/// Embeddings that are remembered; with more, all are forgotten.
const REMEMBERED: usize = 512;

/// A subject, read.
#[derive(Debug)]
pub(crate) struct Kept {
    /// What people call it.
    pub(crate) name: Option<String>,
    /// The best first.
    pub(crate) cutouts: Vec<Cutout>,
    /// How sure the best cut-out is, 0..=1.
    pub(crate) confidence: f32,
    /// How tall it stands beside the others.
    pub(crate) size: f32,
    /// Where it lies among other subjects.
    pub(crate) embeddings: Vec<Embedding>,
}

/// Embeddings of cut-outs that were seen before, by key; a key is written once, so they stay true.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<BlobKey, Embedding>>);

impl Memory {
    fn get(&self, key: &BlobKey) -> Option<Embedding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: BlobKey, embedding: Embedding) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, embedding);
    }
}

/// Reads the subjects of a shot and finds out where they lie, from what is known of them or from their cut-outs.
///
/// # Errors
/// Retryable when the blob store is away or seeing fails; permanent when a cut-out cannot be read.
pub(crate) async fn load(
    blobs: &dyn BlobStore,
    vision: &dyn Vision,
    memory: &Memory,
    subjects: &[ShotSubject],
) -> Result<Vec<Kept>, HandlerError> {
    let mut kept = Vec::with_capacity(subjects.len());
    for (index, subject) in subjects.iter().enumerate() {
        let mut cutouts = Vec::with_capacity(subject.cutouts.len());
        for cutout in &subject.cutouts {
            cutouts.push(read(blobs, &cutout.key).await?);
        }
        if cutouts.is_empty() {
            let detail = format!("subjects[{index}].cutouts: is empty");
            return Err(HandlerError::permanent("invalid_shot", detail));
        }
        let embeddings = embeddings(vision, memory, subject, &cutouts).await?;
        let (name, size) = (subject.name.clone(), subject.size.unwrap_or(1.0));
        let confidence = subject.cutouts.first().map_or(1.0, |cutout| cutout.confidence);
        kept.push(Kept { name, cutouts, confidence, size, embeddings });
    }
    Ok(kept)
}

async fn read(blobs: &dyn BlobStore, key: &BlobKey) -> Result<Cutout, HandlerError> {
    let limits = Limits::stored();
    let bytes = blobs.get(key, limits.max_bytes as u64).await.map_err(blob_error)?;
    blocking(move || cutout_by_alpha(&decode(&bytes, &limits)?, &CutoutHint::default()))
        .await?
        .map_err(|error: ImageError| HandlerError::permanent("unreadable_cutout", format!("{key}: {error}")))
}

async fn embeddings(
    vision: &dyn Vision,
    memory: &Memory,
    subject: &ShotSubject,
    cutouts: &[Cutout],
) -> Result<Vec<Embedding>, HandlerError> {
    let encoder = vision.info().encoder;
    if let Some(known) = subject.embeddings.as_ref().filter(|known| known.encoder == encoder) {
        return Ok(known.vectors.iter().cloned().map(Embedding).collect());
    }
    let mut found: Vec<Option<Embedding>> = subject.cutouts.iter().map(|cutout| memory.get(&cutout.key)).collect();
    let missing: Vec<usize> = (0..found.len()).filter(|at| found[*at].is_none()).collect();
    let crops = missing.iter().map(|at| alpha_pixels(cropped(&cutouts[*at]))).collect();
    let made = vision.embed(crops).await.map_err(crate::handler::render_error)?;
    for (at, embedding) in missing.into_iter().zip(made) {
        memory.put(subject.cutouts[at].key.clone(), embedding.clone());
        found[at] = Some(embedding);
    }
    Ok(found.into_iter().flatten().collect())
}

/// A cut-out as it goes to whatever sees.
pub(crate) fn alpha_pixels(image: RgbaImage) -> PixelsAlpha {
    PixelsAlpha { width: image.width(), height: image.height(), rgba: image.into_raw() }
}

fn cropped(cutout: &Cutout) -> RgbaImage {
    let b = &cutout.bbox;
    imageops::crop_imm(&cutout.rgba, b.x, b.y, b.width, b.height).to_image()
}

/// The references that a model draws from: the best of every subject, then the next best as far as it takes more,
/// handed over subject by subject.
///
/// # Errors
/// Permanent when a picture cannot be resized.
pub(crate) async fn references(kept: &Arc<Vec<Kept>>, model: &RendererInfo) -> Result<Vec<Reference>, HandlerError> {
    let most = (model.max_references as usize).min(if model.place.is_some() { kept.len() } else { usize::MAX });
    let (subjects, counts) = (Arc::clone(kept), shares(kept.iter().map(|kept| kept.cutouts.len()), most));
    blocking(move || {
        let chosen = subjects.iter().zip(counts).flat_map(|(kept, count)| &kept.cutouts[..count]);
        chosen.map(reference).collect::<Result<Vec<_>, _>>()
    })
    .await?
    .map_err(|error: ImageError| HandlerError::permanent("reference", error))
}

/// How many of each are taken when everyone takes one in turn until `most` are taken.
fn shares(counts: impl Iterator<Item = usize>, most: usize) -> Vec<usize> {
    let counts: Vec<usize> = counts.collect();
    let (mut taken, mut left) = (vec![0; counts.len()], most);
    while left > 0 && taken != counts {
        for (taken, count) in taken.iter_mut().zip(&counts) {
            let one = usize::from(left > 0 && *taken < *count);
            *taken += one;
            left -= one;
        }
    }
    taken
}

/// A cut-out on neutral ground, named by its pixels.
fn reference(cutout: &Cutout) -> Result<Reference, ImageError> {
    let subject = cropped(cutout);
    let scale = (REFERENCE_SIDE as f32 / subject.width().max(subject.height()) as f32).min(1.0);
    let side = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    let subject = resize_rgba(&subject, side(subject.width()), side(subject.height()))?;
    let digest = Sha256::new().chain_update(subject.width().to_le_bytes()).chain_update(subject.as_raw()).finalize();
    let key = digest.iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    Ok(Reference::of_subject(key, &alpha_pixels(subject)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_shared_out_in_turn() {
        let of = |counts: &[usize], most| shares(counts.iter().copied(), most);
        assert_eq!(of(&[3, 1, 2], 14), [3, 1, 2]);
        assert_eq!(of(&[3, 1, 2], 4), [2, 1, 1]);
        assert_eq!(of(&[3, 3], 0), [0, 0]);
    }
}
