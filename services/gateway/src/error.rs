//! The one error of the HTTP side. Its chain is logged once, where it becomes an answer.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cavendish_blobs::BlobError;
use cavendish_domain::InvalidBrief;
use cavendish_intake::IntakeError;
use cavendish_store::StoreError;
use serde_json::json;
use std::error::Error;
use thiserror::Error;

/// Seconds after which a client should come again when something was away.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// Why a request was not served. The body of the answer is
/// `{"error": {"code", "message", "errors": [{"field", "reason"}]}}`.
#[derive(Debug, Error)]
pub enum ApiError {
    /// 422: the brief cannot be worked on; every fault names its field.
    #[error("the brief is invalid: {0}")]
    InvalidBrief(#[from] InvalidBrief),
    /// 422: nothing is wrong with the brief but that its deadline cannot be met; the fault of `deadline_ms` says when.
    #[error("{0}")]
    DeadlineUnreachable(InvalidBrief),
    /// 422: a subject cannot be profiled, or a picture not compared; every fault names its field.
    #[error("the request is invalid: {0}")]
    InvalidSubject(InvalidBrief),
    /// 400: a header or parameter is wrong.
    #[error("{field}: {reason}")]
    InvalidRequest {
        /// Which one.
        field: &'static str,
        /// How.
        reason: String,
    },
    /// 401: no key, or not a good one.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 404: no such thing, or not this tenant's.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// 405: the path exists, but not for this method.
    #[error("this path does not answer to this method")]
    MethodNotAllowed,
    /// 409: the request contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// 413: the body is too large.
    #[error("body: has more than the {0} bytes that are taken")]
    TooLarge(usize),
    /// 415: the body is not JSON.
    #[error("content-type: `{0}` is not read here; send application/json")]
    UnsupportedMedia(String),
    /// 408: the body did not arrive in time.
    #[error("body: did not arrive within {0} seconds")]
    TooSlow(u64),
    /// 503: too much at once.
    #[error("{0}")]
    Busy(&'static str),
    /// 503: Postgres or S3 is away; the same request may succeed later.
    #[error("{what} is unavailable, try again shortly")]
    Unavailable {
        /// Which one.
        what: &'static str,
        /// How we know.
        source: Box<dyn Error + Send + Sync>,
    },
    /// 500: our own fault.
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl ApiError {
    /// The status and the machine-readable code.
    #[must_use]
    pub fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidBrief(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_brief"),
            Self::InvalidSubject(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_subject"),
            Self::DeadlineUnreachable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "deadline_unreachable"),
            Self::InvalidRequest { .. } => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMedia(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::TooSlow(_) => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            Self::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable { .. } | Self::TooSlow(_))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::Invalid(invalid) => Self::InvalidBrief(invalid),
            StoreError::Conflict(why) => Self::Conflict(why),
            error if error.is_retryable() => Self::Unavailable { what: "the database", source: error.into() },
            error => Self::Internal(error.into()),
        }
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        if error.is_retryable() {
            Self::Unavailable { what: "the blob store", source: error.into() }
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Invalid(invalid) => Self::InvalidBrief(invalid),
            IntakeError::Conflict => Self::Conflict("the idempotency key was used with another photograph".into()),
            IntakeError::Blobs(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if status.is_server_error() {
            tracing::error!(code, cause = chain(&self), "request failed");
        }
        let mut error = json!({"code": code, "message": self.to_string()});
        match &self {
            Self::InvalidBrief(invalid) | Self::DeadlineUnreachable(invalid) | Self::InvalidSubject(invalid) => {
                error["errors"] = json!(invalid.errors)
            }
            Self::InvalidRequest { field, reason } => error["errors"] = json!([{"field": field, "reason": reason}]),
            _ => {}
        }
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if self.is_retryable() {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
