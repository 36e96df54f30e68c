//! Inline photographs become blobs before a job is stored, so that rows and events stay small.

use crate::auth::Tenant;
use crate::error::ApiError;
use crate::state::AppState;
use axum::body::Bytes;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cavendish_blobs::{BlobErrorKind, Put};
use cavendish_domain::{BlobKey, Brief, InvalidBrief, JobId, Reference};
use cavendish_specs::Format;
use serde::Deserialize;
use serde::de::IntoDeserializer;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Stores every inline photograph of `brief` under `job` and puts its key in its place; looks every named blob up.
///
/// # Errors
/// [`ApiError::InvalidBrief`] for what is not base64, not an image, or not this tenant's; [`ApiError::Conflict`] when a
/// repeated request brings other bytes than the first.
pub(crate) async fn store(state: &AppState, tenant: &Tenant, job: JobId, brief: &mut Brief) -> Result<(), ApiError> {
    let mut index = 0;
    for (at, subject) in brief.subjects.iter_mut().enumerate() {
        for (place, reference) in subject.references.iter_mut().enumerate() {
            let field = format!("subjects[{at}].references[{place}]");
            match reference {
                Reference::Data(text) => {
                    let (bytes, mime) = image(&format!("{field}.data"), text)?;
                    let key = BlobKey::input(tenant.id, job, index);
                    write_once(state, &key, bytes, mime).await?;
                    *reference = Reference::Blob(key.to_string());
                }
                Reference::Blob(text) => look_up(state, tenant, &format!("{field}.blob"), text).await?,
            }
            index += 1;
        }
    }
    Ok(())
}

/// Decodes base64 and looks at the header only: what the pixels are worth is ingest's business.
fn image(field: &str, text: &str) -> Result<(Bytes, &'static str), InvalidBrief> {
    let fault = |reason: String| InvalidBrief::one(field, reason);
    // A data URL is what browsers hand out.
    let (declared, text) = match text.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((head, rest)) => (head.strip_suffix(";base64").filter(|mime| !mime.is_empty()), rest),
        None => (None, text),
    };
    let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let bytes = engine.decode(text.trim()).map_err(|error| fault(format!("is not base64: {error}")))?;
    let mime = sniff(&bytes).map_err(fault)?;
    if let Some(declared) = declared.filter(|declared| Format::from_mime(declared) != Format::from_mime(mime)) {
        let declared: String = declared.chars().take(80).collect();
        return Err(fault(format!("declared as {declared}, but the content is {mime}")));
    }
    Ok((bytes.into(), mime))
}

/// The type of an image by its first bytes.
fn sniff(bytes: &[u8]) -> Result<&'static str, String> {
    let format = match bytes {
        [] => return Err("the file is empty".into()),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Format::Png,
        [0xff, 0xd8, 0xff, ..] => Format::Jpeg,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Format::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::Webp,
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Format::Tiff,
        [b'B', b'M', ..] => Format::Bmp,
        _ => return Err("is not an image: JPEG, PNG, WebP, GIF, BMP and TIFF are read".into()),
    };
    Ok(format.mime())
}

/// Writes a blob. One that is there already was written by an earlier sending of the same request, or by another
/// request under the same idempotency key: the bytes tell.
async fn write_once(state: &AppState, key: &BlobKey, bytes: Bytes, mime: &str) -> Result<(), ApiError> {
    if state.blobs.put_new(key, bytes.clone(), mime).await? == Put::Created {
        return Ok(());
    }
    let same = match state.blobs.get(key, bytes.len() as u64).await {
        Ok(stored) => stored == bytes,
        Err(error) if error.kind() == BlobErrorKind::TooLarge => false,
        Err(error) => return Err(error.into()),
    };
    if same { Ok(()) } else { Err(ApiError::Conflict("the idempotency key was used with another photograph".into())) }
}

async fn look_up(state: &AppState, tenant: &Tenant, field: &str, text: &str) -> Result<(), ApiError> {
    // Another tenant's blob answers as one that does not exist.
    let missing = || InvalidBrief::one(field, "is not a blob of yours");
    let key = blob_key(text).filter(|key| key.belongs_to(tenant.id)).ok_or_else(missing)?;
    state.blobs.head(&key).await?.ok_or_else(missing)?;
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
    use cavendish_domain::TenantId;

    /// A PNG of one pixel.
    const PIXEL: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    #[test]
    fn both_alphabets_padding_or_not_and_data_urls_are_read() {
        let standard = image("f", PIXEL).unwrap();
        assert_eq!(standard.1, "image/png");
        for text in [
            PIXEL.trim_end_matches('=').to_owned(),
            PIXEL.replace('+', "-").replace('/', "_"),
            format!("data:image/png;base64,{PIXEL}"),
        ] {
            assert_eq!(image("f", &text).unwrap(), standard, "{text}");
        }
    }

    #[test]
    fn what_is_no_image_is_refused_with_field_and_reason() {
        let said = |text: &str| image("subjects[0].references[0].data", text).unwrap_err().to_string();
        assert!(said("!!!").starts_with("subjects[0].references[0].data: is not base64"));
        assert!(said("JVBERi0xLjQ=").contains("is not an image"));
        assert!(said("").contains("empty"));
        assert!(said(&format!("data:image/jpeg;base64,{PIXEL}")).contains("declared as image/jpeg"));
    }

    #[test]
    fn a_key_cannot_step_out_of_its_tenant() {
        let key = BlobKey::input(TenantId::DEFAULT, JobId::new(), 0);
        assert_eq!(blob_key(key.as_str()), Some(key));
        let tenant = TenantId::DEFAULT;
        for text in
            [format!("{tenant}/../x"), format!("{tenant}//x"), format!("{tenant}/x?y"), "../x".into(), "/x".into()]
        {
            assert_eq!(blob_key(&text), None, "{text}");
        }
    }
}
