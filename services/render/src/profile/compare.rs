//! A picture beside a profile: whether it shows the same subject.

use super::{Input, InputReference, picture, vision_error};
use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{BlobKey, InvalidBrief, Reason, Verdict};
use cavendish_imaging::Limits;
use cavendish_intake::MAX_REFERENCE_BYTES;
use cavendish_renderer::{Embedding, PixelsAlpha, Vision};
use cavendish_service_kit::blob_error;
use picture::Looked;
use serde_json::{Value, json};

/// Compares a picture with the references of a version that are used.
///
/// # Errors
/// Permanent for a picture that cannot be used; retryable when the blob store is away or seeing fails.
pub(super) async fn compare(
    blobs: &dyn BlobStore,
    vision: &dyn Vision,
    input: &Input,
    picture: &BlobKey,
) -> Result<Value, HandlerError> {
    let looked = look(blobs, vision, input, picture, MAX_REFERENCE_BYTES)
        .await?
        .map_err(|reason| HandlerError::from(InvalidBrief::one("picture", reason.text)))?;
    let row = looked.row(0);
    let embedding = vision.embed(vec![looked.subject]).await.map_err(vision_error)?.pop();
    let embedding = embedding.ok_or_else(|| HandlerError::retryable("vision", "no embedding came back"))?;
    let used = references(blobs, vision, input).await?;
    let cosines: Vec<(i32, f32)> = used.iter().map(|(index, known)| (*index, known.cosine(&embedding))).collect();
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
        "references": each, "encoder": vision.info().encoder, "verdict": row.verdict, "reasons": row.reasons,
        "measures": row.measures,
    }))
}

async fn look(
    blobs: &dyn BlobStore,
    vision: &dyn Vision,
    input: &Input,
    key: &BlobKey,
    most: u64,
) -> Result<Result<Looked, Reason>, HandlerError> {
    let bytes = blobs.get(key, most).await.map_err(blob_error)?;
    picture::look(bytes, input.kind, vision).await
}

/// Where the references lie that are used, by index. Embeddings of another encoder do not compare: then the kept cut-outs
/// are embedded anew.
async fn references(
    blobs: &dyn BlobStore,
    vision: &dyn Vision,
    input: &Input,
) -> Result<Vec<(i32, Embedding)>, HandlerError> {
    let used = input.references.iter().filter(|reference| reference.verdict != Some(Verdict::Rejected));
    if input.encoder.as_ref().is_none_or(|made_by| *made_by == vision.info().encoder) {
        let known = |reference: &InputReference| Some((reference.index, reference.embedding.clone()?));
        return Ok(used.filter_map(known).collect());
    }
    let (mut indices, mut subjects): (Vec<i32>, Vec<PixelsAlpha>) = (vec![], vec![]);
    for reference in used {
        let key = reference.cutout_key.as_ref().unwrap_or(&reference.source_key);
        // What can no longer be read is left out, as it is when a profile is made.
        if let Ok(looked) = look(blobs, vision, input, key, Limits::stored().max_bytes as u64).await? {
            indices.push(reference.index);
            subjects.push(looked.subject);
        }
    }
    Ok(indices.into_iter().zip(vision.embed(subjects).await.map_err(vision_error)?).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_domain::{ProfileTestId, ProfileVersionId, TenantId};
    use cavendish_imaging::image::{ImageFormat, Rgba, RgbaImage};
    use cavendish_renderer::FakeVision;
    use cavendish_testkit::TestBucket;
    use std::io::Cursor;

    /// A square of one colour on nothing.
    fn square([r, g, b]: [u8; 3]) -> Vec<u8> {
        let inside = |x: u32, y: u32| (40..260).contains(&x) && (40..260).contains(&y);
        let image = RgbaImage::from_fn(300, 300, |x, y| Rgba([r, g, b, if inside(x, y) { 255 } else { 0 }]));
        let mut file = Cursor::new(vec![]);
        image.write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    #[tokio::test]
    async fn embeddings_of_another_encoder_are_made_anew_from_the_kept_cut_outs() {
        let bucket = TestBucket::create().await.unwrap();
        let blobs = bucket.blobs();
        let tenant = TenantId::DEFAULT;
        let cutout = BlobKey::profile_cutout(tenant, ProfileVersionId::new(), 1, 0);
        let picture = BlobKey::profile_test(tenant, ProfileTestId::new());
        for key in [&cutout, &picture] {
            blobs.put_new(key, square([230, 10, 10]).into(), "image/png").await.unwrap();
        }
        let cosine = async |encoder: &str| {
            let input = json!({"kind": "product", "encoder": encoder, "references": [{
                "index": 0, "source_key": picture, "cutout_key": cutout, "verdict": "good", "embedding": [1.0, 0.0],
            }]});
            let input: Input = serde_json::from_value(input).unwrap();
            compare(blobs, &FakeVision, &input, &picture).await.unwrap()["cosine"].as_f64().unwrap()
        };
        assert!(cosine("an older one").await > 0.99, "the cut-out is embedded");
        assert!(cosine("fake").await < 0.01, "what this encoder made is believed");
    }
}
