//! A brief's subjects: their photographs are decoded under limits and cut out: the first of each, which is what can be
//! placed, and all of a subject that is to be drawn. Of a profile, that was done once for all its jobs.

use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{
    BlobKey, Brief, InvalidBrief, KnownEmbeddings, Mark, OnDoubt, Preserve, ProfileRef, Reference, ShotCutout,
    ShotSubject, Subject,
};
use cavendish_imaging::{Cutout, CutoutHint, Decoded, Format, ImageError, Limits, decode};
use cavendish_intake::MAX_REFERENCE_BYTES;
use cavendish_renderer::Vision;
use cavendish_service_kit::{blob_error, blocking};
use cavendish_store::{Claim, NewReference, NewSubject, Store, StoreError};
use cavendish_subjects::SubjectError;
use std::io::Cursor;

/// A subject that is ready to be set into scenes.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What shots need of it.
    pub(crate) shown: ShotSubject,
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
    vision: &dyn Vision,
    claim: &Claim,
    brief: &Brief,
) -> Result<Vec<Prepared>, HandlerError> {
    let mut prepared = Vec::with_capacity(brief.subjects.len());
    for (index, subject) in brief.subjects.iter().enumerate() {
        prepared.push(match &subject.profile {
            Some(pin) => of_profile(store, claim, index, subject, pin).await?,
            None => prepare_one(blobs, vision, claim, index, subject).await?,
        });
    }
    Ok(prepared)
}

/// Why a job is to be held: the first of its subjects of which no cut-out is beyond doubt.
///
/// # Errors
/// Permanent with the same where the brief would rather fail.
pub(crate) fn doubt(on_doubt: OnDoubt, prepared: &[Prepared]) -> Result<Option<String>, HandlerError> {
    let why = |(index, Prepared { shown, .. }): (usize, &Prepared)| {
        let doubts: Vec<&str> = shown.cutouts.iter().filter_map(|cutout| cutout.uncertain.as_deref()).collect();
        let doubtful = doubts.len() == shown.cutouts.len();
        doubtful.then(|| format!("subjects[{index}]: the cut-out is doubtful: {}", doubts.join("; ")))
    };
    let why = prepared.iter().enumerate().find_map(why);
    match (on_doubt, why) {
        (OnDoubt::Fail, Some(why)) => Err(HandlerError::permanent("doubtful_subject", why)),
        (OnDoubt::Hold, why) => Ok(why),
        (OnDoubt::Deliver, _) | (OnDoubt::Fail, None) => Ok(None),
    }
}

/// A pinned profile: nothing is decoded, cut out or embedded again.
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
    let (mut cutouts, mut vectors) = (vec![], vec![]);
    for reference in profile.references {
        let uncertain = (!reference.doubts.is_empty()).then(|| reference.doubts.join("; "));
        vectors.push(reference.embedding);
        cutouts.extend(reference.cutout.map(|key| ShotCutout { key, confidence: reference.confidence, uncertain }));
    }
    if cutouts.is_empty() {
        return Err(lost("has no cut-out").into());
    }
    let embeddings = Some(KnownEmbeddings { encoder: profile.encoder, vectors });
    let name = subject.name.clone().or_else(|| Some(pin.name.to_string()));
    let stored = NewSubject { index, name: name.clone(), profile: Some(profile.id), references: vec![] };
    let shown = ShotSubject { name, preserve: subject.preserve, cutouts, embeddings, size: subject.size };
    Ok(Prepared { shown, stored })
}

async fn prepare_one(
    blobs: &dyn BlobStore,
    vision: &dyn Vision,
    claim: &Claim,
    index: usize,
    subject: &Subject,
) -> Result<Prepared, HandlerError> {
    let (mut references, mut cutouts) = (Vec::with_capacity(subject.references.len()), vec![]);
    for (place, reference) in subject.references.iter().enumerate() {
        let field = format!("subjects[{index}].references[{place}]");
        let (key, picture) = fetch(blobs, &field, reference).await?;
        let (width, height) = (picture.image.width(), picture.image.height());
        let mut stored =
            NewReference { source_key: key, cutout_key: None, width, height, confidence: 1.0, uncertain: None };
        if place == 0 || subject.preserve == Preserve::Identity {
            // The box, the mask and the marks are of the first photograph.
            let hint = if place == 0 {
                hint(blobs, &format!("subjects[{index}]"), subject).await?
            } else {
                CutoutHint::default()
            };
            let at = BlobKey::cutout(claim.tenant_id, claim.job_id, claim.attempt, index, place);
            match cut_out((blobs, at), vision, picture, hint).await? {
                Ok(cutout) => {
                    stored.cutout_key = Some(cutout.key.clone());
                    (stored.confidence, stored.uncertain) = (cutout.confidence, cutout.uncertain.clone());
                    cutouts.push(cutout);
                }
                Err(error) if place == 0 => return Err(invalid(&field, &error)),
                // One view less is no reason to refuse the others.
                Err(error) => (stored.confidence, stored.uncertain) = (0.0, Some(error.reason.to_string())),
            }
        }
        references.push(stored);
    }
    let (name, preserve, size) = (subject.name.clone(), subject.preserve, subject.size);
    let stored = NewSubject { index, name: name.clone(), profile: None, references };
    Ok(Prepared { shown: ShotSubject { name, preserve, cutouts, embeddings: None, size }, stored })
}

/// What the brief says of where a subject is in its first photograph.
async fn hint(blobs: &dyn BlobStore, path: &str, subject: &Subject) -> Result<CutoutHint, HandlerError> {
    let mask = match &subject.mask {
        Some(mask) => Some(fetch(blobs, &format!("{path}.mask"), mask).await?.1.to_mask()),
        None => None,
    };
    let bounds = |marks: &[Mark]| marks.iter().map(|mark| mark.bounds()).collect();
    let (keep, remove) = (bounds(&subject.keep), bounds(&subject.remove));
    Ok(CutoutHint { bounds: subject.frame, keep, remove, mask, ..CutoutHint::default() })
}

/// Cuts the subject out of one photograph and stores it. The inner error is the photograph's.
async fn cut_out(
    (blobs, key): (&dyn BlobStore, BlobKey),
    vision: &dyn Vision,
    picture: Decoded,
    hint: CutoutHint,
) -> Result<Result<ShotCutout, ImageError>, HandlerError> {
    let cut = match cavendish_subjects::cut_out(vision, picture, hint).await {
        Ok(cut) => cut,
        Err(SubjectError::Picture(error)) => return Ok(Err(error)),
        Err(error) => return Err(HandlerError::retryable("vision", error)),
    };
    let (confidence, uncertain) = (cut.confidence, cut.uncertain.clone());
    let png = match blocking(move || png(&cut)).await? {
        Ok(png) => png,
        Err(error) => return Ok(Err(error)),
    };
    blobs.put_new(&key, png.into(), Format::Png.mime()).await.map_err(blob_error)?;
    Ok(Ok(ShotCutout { key, confidence, uncertain }))
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
        blocking(move || decode(&bytes, &Limits::allowed())).await?.map_err(|error| invalid(field, &error))?;
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
