//! Inline photographs become blobs before a job is stored, so that rows and events stay small.

use crate::photograph::{self, Care};
use bytes::Bytes;
use cavendish_blobs::{BlobError, BlobErrorKind, BlobStore, Put};
use cavendish_domain::{BlobKey, Brief, InvalidBrief, JobId, ProfileTestId, ProfileVersionId, Reference, TenantId};
use cavendish_imaging::ImagingConfig;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use thiserror::Error;

/// Bytes of one photograph that any installation may allow; the doors keep to what theirs allows.
pub const MAX_REFERENCE_BYTES: u64 = ImagingConfig::MOST_BYTES as u64;

/// Why a brief's photographs could not be stored.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// A photograph is not base64, cannot be read in full, is too large, or not this tenant's.
    #[error(transparent)]
    Invalid(#[from] InvalidBrief),
    /// The job was sent before, with another photograph in the same place.
    #[error("the same request was sent before with another photograph")]
    Conflict,
    /// The store of blobs failed.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Stores every inline photograph of `brief` under `job` and puts its key in its place; looks every named blob up.
///
/// # Errors
/// [`IntakeError`]; blobs that were stored by then stay and are found again by a repeated call.
pub async fn store_references(
    blobs: &dyn BlobStore,
    tenant: TenantId,
    job: JobId,
    brief: &mut Brief,
) -> Result<(), IntakeError> {
    let mut index = 0;
    for (at, subject) in brief.subjects.iter_mut().enumerate() {
        for (place, reference) in subject.references.iter_mut().enumerate() {
            let field = format!("subjects[{at}].references[{place}]");
            let kept =
                store_one(blobs, tenant, &field, reference, BlobKey::input(tenant, job, index), Care::Whole).await?;
            *reference = Reference::Blob(kept);
            index += 1;
        }
    }
    let masks = brief.subjects.iter_mut().enumerate().filter_map(|(at, subject)| Some((at, subject.mask.as_mut()?)));
    for (at, mask) in masks {
        let field = format!("subjects[{at}].mask");
        let kept = store_one(blobs, tenant, &field, mask, BlobKey::input(tenant, job, index), Care::Whole).await?;
        *mask = Reference::Blob(kept);
        index += 1;
    }
    Ok(())
}

/// Stores the references of a version of a profile; answers with their keys, in their order. One that turns out to be broken
/// spoils none of the others: profiling tells.
///
/// # Errors
/// As [`store_references`].
pub async fn store_profile_references(
    blobs: &dyn BlobStore,
    tenant: TenantId,
    version: ProfileVersionId,
    references: &[Reference],
) -> Result<Vec<String>, IntakeError> {
    let mut keys = Vec::with_capacity(references.len());
    for (index, reference) in references.iter().enumerate() {
        let key = BlobKey::profile_reference(tenant, version, index);
        keys.push(store_one(blobs, tenant, &format!("references[{index}]"), reference, key, Care::Header).await?);
    }
    Ok(keys)
}

/// Stores a picture that is to be compared with a profile; answers with its key.
///
/// # Errors
/// As [`store_references`].
pub async fn store_test_picture(
    blobs: &dyn BlobStore,
    tenant: TenantId,
    test: ProfileTestId,
    picture: &Reference,
) -> Result<String, IntakeError> {
    store_one(blobs, tenant, "picture", picture, BlobKey::profile_test(tenant, test), Care::Whole).await
}

/// Stores an inline picture under `key`, or looks a named blob up; answers with where it lies.
async fn store_one(
    blobs: &dyn BlobStore,
    tenant: TenantId,
    field: &str,
    reference: &Reference,
    key: BlobKey,
    care: Care,
) -> Result<String, IntakeError> {
    match reference {
        Reference::Data(text) => {
            let (bytes, mime) = photograph::read(&format!("{field}.data"), text, care).await?;
            write_once(blobs, &key, bytes, mime).await?;
            Ok(key.to_string())
        }
        Reference::Blob(text) => {
            look_up(blobs, tenant, &format!("{field}.blob"), text).await?;
            Ok(text.clone())
        }
    }
}

/// Writes a blob. One that is there already was written by an earlier sending of the same request: the bytes tell.
async fn write_once(blobs: &dyn BlobStore, key: &BlobKey, bytes: Bytes, mime: &str) -> Result<(), IntakeError> {
    if blobs.put_new(key, bytes.clone(), mime).await? == Put::Created {
        return Ok(());
    }
    match blobs.get(key, bytes.len() as u64).await {
        Ok(stored) if stored == bytes => Ok(()),
        Ok(_) => Err(IntakeError::Conflict),
        Err(error) if error.kind() == BlobErrorKind::TooLarge => Err(IntakeError::Conflict),
        Err(error) => Err(error.into()),
    }
}

async fn look_up(blobs: &dyn BlobStore, tenant: TenantId, field: &str, text: &str) -> Result<(), IntakeError> {
    // Another tenant's blob answers as one that does not exist.
    let missing = || InvalidBrief::one(field, "is not a blob of yours");
    let key = blob_key(text).filter(|key| key.belongs_to(tenant)).ok_or_else(missing)?;
    blobs.head(&key).await?.ok_or_else(missing)?;
    Ok(())
}

/// A key as our own constructors make them: nothing that a store could read as another path.
fn blob_key(text: &str) -> Option<BlobKey> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let steps = text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let reader: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    (text.bytes().all(plain) && steps).then(|| BlobKey::deserialize(reader).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_step_out_of_its_tenant() {
        let tenant = TenantId::DEFAULT;
        let key = BlobKey::input(tenant, JobId::new(), 0);
        assert_eq!(blob_key(key.as_str()), Some(key));
        for text in
            [format!("{tenant}/../x"), format!("{tenant}//x"), format!("{tenant}/x?y"), "../x".into(), "/x".into()]
        {
            assert_eq!(blob_key(&text), None, "{text}");
        }
    }
}
