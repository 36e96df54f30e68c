//! A picture beside a profile: whether it shows the same subject.

use super::{Input, picture, vision_error};
use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{BlobKey, InvalidBrief, Verdict};
use cavendish_intake::MAX_REFERENCE_BYTES;
use cavendish_renderer::Vision;
use cavendish_service_kit::blob_error;
use serde_json::{Value, json};

/// Compares a picture with the references of a version that are used.
///
/// # Errors
/// Permanent for a picture that cannot be used and for embeddings of another encoder.
pub(super) async fn compare(
    blobs: &dyn BlobStore,
    vision: &dyn Vision,
    input: &Input,
    picture: &BlobKey,
) -> Result<Value, HandlerError> {
    let encoder = vision.info().encoder;
    if let Some(other) = input.encoder.as_ref().filter(|other| **other != encoder) {
        let detail = format!("the profile was made by encoder `{other}`, this is `{encoder}`: add a version");
        return Err(HandlerError::permanent("other_encoder", detail));
    }
    let bytes = blobs.get(picture, MAX_REFERENCE_BYTES).await.map_err(blob_error)?;
    let looked = picture::look(bytes, input.kind, vision)
        .await?
        .map_err(|reason| HandlerError::from(InvalidBrief::one("picture", reason.text)))?;
    let row = looked.row(0);
    let embedding = vision.embed(vec![looked.subject.clone()]).await.map_err(vision_error)?.pop();
    let embedding = embedding.ok_or_else(|| HandlerError::retryable("vision", "no embedding came back"))?;
    let used = input.references.iter().filter(|reference| reference.verdict != Some(Verdict::Rejected));
    let cosines: Vec<(i32, f32)> = used
        .filter_map(|reference| Some((reference.index, reference.embedding.as_ref()?.cosine(&embedding))))
        .collect();
    let (nearest, cosine) = cosines
        .iter()
        .copied()
        .rev() // the first of equals
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or_else(|| HandlerError::permanent("no_references", "the profile has no references to compare with"))?;
    let consistency = vision.consistency(cosine);
    let each: Vec<Value> = cosines
        .iter()
        .map(|(index, cosine)| json!({"index": index, "cosine": cosine, "consistency": vision.consistency(*cosine)}))
        .collect();
    Ok(json!({
        "consistency": consistency, "cosine": cosine, "same": consistency >= 0.5, "nearest": nearest,
        "references": each, "encoder": encoder, "verdict": row.verdict, "reasons": row.reasons,
        "measures": row.measures,
    }))
}
