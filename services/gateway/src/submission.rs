//! A request body becomes a valid brief, or an error that names the field.

use crate::error::ApiError;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use cavendish_domain::{Brief, InvalidBrief};
use cavendish_intake::Known;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How long a body waits for memory before its client is asked to come again.
const MEMORY_PATIENCE: Duration = Duration::from_secs(5);

/// Memory that is set aside for a request's body until this is dropped.
pub(crate) struct Reserved(#[allow(dead_code)] OwnedSemaphorePermit);

/// Sets memory aside for a body: as much as it announces, or as much as is allowed when it announces nothing.
pub(crate) async fn reserve(state: &AppState, headers: &HeaderMap, max: usize) -> Result<Reserved, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > max) {
        return Err(ApiError::TooLarge(max));
    }
    let mib = announced.unwrap_or(max).div_ceil(1 << 20).max(1);
    let permits = u32::try_from(mib).unwrap_or(u32::MAX).min(state.config.upload_memory_mib);
    let waiting = Arc::clone(&state.upload_memory).acquire_many_owned(permits);
    match tokio::time::timeout(MEMORY_PATIENCE, waiting).await {
        Ok(Ok(permit)) => Ok(Reserved(permit)),
        _ => Err(ApiError::Busy("too many uploads at once, try again shortly")),
    }
}

/// Reads a body within its limits of size and time.
pub(crate) async fn read_body(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
    max: usize,
) -> Result<Bytes, ApiError> {
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        let kind = String::from_utf8_lossy(kind.as_bytes());
        if !kind.split(';').next().is_some_and(|essence| essence.to_ascii_lowercase().contains("json")) {
            return Err(ApiError::UnsupportedMedia(kind.chars().take(80).collect()));
        }
    }
    let reading = axum::body::to_bytes(body, max);
    match tokio::time::timeout(state.config.body_timeout(), reading).await {
        Err(_) => Err(ApiError::TooSlow(state.config.body_timeout_seconds)),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length_limit(&error) => Err(ApiError::TooLarge(max)),
        Ok(Err(error)) => Err(ApiError::InvalidRequest { field: "body", reason: format!("broke off: {error}") }),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Parses and checks the brief of a tenant.
///
/// # Errors
/// [`ApiError::InvalidBrief`] with every fault and its field.
pub(crate) fn parse_brief(body: &[u8], tenant: &str, known: &Known) -> Result<Brief, ApiError> {
    let brief: Brief = parse(body)?;
    cavendish_intake::check(&brief, tenant, known)?;
    Ok(brief)
}

/// Parses a body.
///
/// # Errors
/// The fault of its shape, with its field.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, InvalidBrief> {
    let text = std::str::from_utf8(body)
        .map_err(|error| InvalidBrief::one("body", format!("is not UTF-8 from byte {}", error.valid_up_to())))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        // `.` is the whole body, `?` a place that broken JSON does not tell.
        let known = path.trim_end_matches(['.', '?']);
        let field = if known.is_empty() { "body" } else { known }.to_owned();
        InvalidBrief::one(field, error.into_inner().to_string())
    })?;
    json.end().map_err(|error| InvalidBrief::one("body", error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(body: &[u8]) -> Vec<(String, String)> {
        match parse_brief(body, "default", &Known::default()) {
            Err(ApiError::InvalidBrief(invalid)) => {
                invalid.errors.into_iter().map(|error| (error.field, error.reason)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn faults_of_shape_name_the_path() {
        let field = |value: serde_json::Value| faults(value.to_string().as_bytes())[0].0.clone();
        assert_eq!(field(json!({"deliverables": ["amazon-main", 7]})), "deliverables[1]");
        assert_eq!(field(json!({"deliverables": [], "variants": "two"})), "variants");
        let subject = json!({"deliverables": [], "subjects": [{"references": [{"data": 5}]}]});
        assert_eq!(field(subject), "subjects[0].references[0].data");
        assert_eq!(field(json!([])), "body");
        assert_eq!(faults(b"{\"prompt\": \"x\"")[0].0, "body");
        assert!(faults(b"\xff\xfe")[0].1.contains("UTF-8"));
        assert_eq!(faults(b"{\"prompt\":\"x\",\"deliverables\":[\"x-square\"]} trailing")[0].0, "body");
    }
}
