//! A brief's subjects: their photographs are decoded under limits, and the first of each is cut out; of a profile, that
//! was done once for all its jobs.

use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{BlobKey, Brief, InvalidBrief, ProfileRef, Reference, Subject};
use cavendish_imaging::{Cutout, CutoutHint, Decoded, Format, ImageError, Limits, cutout, decode};
use cavendish_intake::MAX_REFERENCE_BYTES;
use cavendish_service_kit::{blob_error, blocking};
use cavendish_store::{Claim, NewReference, NewSubject, Store, StoreError};
use std::io::Cursor;

/// A subject that is ready to be set into scenes.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Where its cut-out lies.
    pub(crate) cutout: BlobKey,
    /// How sure the cut-out is, 0..=1.
    pub(crate) confidence: f32,
    /// What is doubtful about it.
    pub(crate) uncertain: Option<String>,
    /// What is written down about it.
    pub(crate) stored: NewSubject,
}

/// Prepares the subjects of a brief, in its order.
///
/// # Errors
/// Permanent for a photograph that cannot be used, with its field; retryable when the blob store is away.
pub(crate) async fn prepare(
    store: &Store,
    blobs: &dyn BlobStore,
    claim: &Claim,
    brief: &Brief,
) -> Result<Vec<Prepared>, HandlerError> {
    let mut prepared = Vec::with_capacity(brief.subjects.len());
    for (index, subject) in brief.subjects.iter().enumerate() {
        prepared.push(match &subject.profile {
            Some(pin) => of_profile(store, claim, index, subject, pin).await?,
            None => prepare_one(blobs, claim, index, subject).await?,
        });
    }
    Ok(prepared)
}

/// The best reference of a pinned profile: nothing is decoded or cut out again.
async fn of_profile(
    store: &Store,
    claim: &Claim,
    index: usize,
    subject: &Subject,
    pin: &ProfileRef,
) -> Result<Prepared, HandlerError> {
    let lost = |reason: &str| InvalidBrief::one(format!("subjects[{index}].profile"), reason);
    let profile = store.pinned_profile(claim.tenant_id, pin).await.map_err(|error| match error {
        StoreError::NotFound(_) => lost("is no profile that can be used").into(),
        other => HandlerError::from(other),
    })?;
    let best = profile.references.into_iter().find_map(|reference| Some((reference.cutout.clone()?, reference)));
    let (cutout, best) = best.ok_or_else(|| HandlerError::from(lost("has no cut-out")))?;
    let name = subject.name.clone().or_else(|| Some(pin.name.to_string()));
    let stored = NewSubject { index, name, profile: Some(profile.id), references: vec![] };
    let uncertain = (!best.doubts.is_empty()).then(|| best.doubts.join("; "));
    Ok(Prepared { cutout, confidence: best.confidence, uncertain, stored })
}

async fn prepare_one(
    blobs: &dyn BlobStore,
    claim: &Claim,
    index: usize,
    subject: &Subject,
) -> Result<Prepared, HandlerError> {
    let mut references = Vec::with_capacity(subject.references.len());
    let mut pictures = Vec::with_capacity(subject.references.len());
    for (place, reference) in subject.references.iter().enumerate() {
        let field = format!("subjects[{index}].references[{place}]");
        let (key, picture) = fetch(blobs, &field, reference).await?;
        let (width, height) = (picture.image.width(), picture.image.height());
        let (cutout_key, confidence, uncertain) = (None, 1.0, None);
        references.push(NewReference { source_key: key, cutout_key, width, height, confidence, uncertain });
        pictures.push(picture);
    }
    let field = format!("subjects[{index}].references[0]");
    let hint = CutoutHint { bounds: subject.frame, ..CutoutHint::default() };
    let first = pictures.swap_remove(0);
    let (cut, png) = blocking(move || {
        let cut = cutout(&first, &hint)?;
        let png = png(&cut)?;
        Ok::<_, ImageError>((cut, png))
    })
    .await?
    .map_err(|error| invalid(&field, &error))?;
    let key = BlobKey::cutout(claim.tenant_id, claim.job_id, claim.attempt, index);
    blobs.put_new(&key, png.into(), Format::Png.mime()).await.map_err(blob_error)?;
    references[0] = NewReference {
        cutout_key: Some(key.clone()),
        confidence: cut.confidence,
        uncertain: cut.uncertain.clone(),
        ..references[0].clone()
    };
    let stored = NewSubject { index, name: subject.name.clone(), profile: None, references };
    Ok(Prepared { cutout: key, confidence: cut.confidence, uncertain: cut.uncertain, stored })
}

/// Reads and decodes one photograph.
async fn fetch(blobs: &dyn BlobStore, field: &str, reference: &Reference) -> Result<(String, Decoded), HandlerError> {
    let Reference::Blob(key) = reference else {
        return Err(HandlerError::permanent("invalid_reference", format!("{field}: was not stored when it came in")));
    };
    let blob_key: BlobKey = serde_json::from_value(key.clone().into())
        .map_err(|error| HandlerError::permanent("invalid_reference", format!("{field}: {error}")))?;
    let bytes = blobs.get(&blob_key, MAX_REFERENCE_BYTES).await.map_err(blob_error)?;
    let picture =
        blocking(move || decode(&bytes, &Limits::default())).await?.map_err(|error| invalid(field, &error))?;
    Ok((key.clone(), picture))
}

fn png(cut: &Cutout) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Cursor::new(vec![]);
    cut.rgba
        .write_to(&mut bytes, cavendish_imaging::image::ImageFormat::Png)
        .map_err(|error| cavendish_imaging::Reason::Codec(error.to_string()))?;
    Ok(bytes.into_inner())
}

fn invalid(field: &str, error: &ImageError) -> HandlerError {
    let invalid = InvalidBrief::one(field, error.reason.to_string());
    HandlerError { reason: "invalid_reference", ..invalid.into() }
}
