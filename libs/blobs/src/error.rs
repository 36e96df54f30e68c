use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// Why a blob operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobErrorKind {
    /// No blob under this key.
    NotFound,
    /// No such bucket.
    NoBucket,
    /// The blob is larger than the reader allows.
    TooLarge,
    /// Wrong or insufficient credentials.
    Denied,
    /// The store did not answer, answered 5xx or asked to slow down, or a conflict outlasted the retries.
    Unavailable,
    /// The store refused the request for another reason.
    Rejected,
    /// The request could not be formed: configuration, endpoint, or an argument out of range.
    Invalid,
}

/// A failed blob operation: its kind, what was being done, and the cause.
#[derive(Debug, thiserror::Error)]
#[error("{operation} `{key}`: {what}")]
pub struct BlobError {
    kind: BlobErrorKind,
    operation: &'static str,
    key: String,
    what: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl BlobError {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> BlobErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later with nothing changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind == BlobErrorKind::Unavailable
    }

    pub(crate) fn new(kind: BlobErrorKind, operation: &'static str, key: &str, what: impl Into<String>) -> Self {
        Self { kind, operation, key: key.into(), what: what.into(), source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Reads the kind off an SDK error: first by the code in the answer, then by its status.
    pub(crate) fn of_sdk<E>(operation: &'static str, key: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (kind, what) = match &error {
            SdkError::ConstructionFailure(_) => (BlobErrorKind::Invalid, "the request could not be formed".into()),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                (BlobErrorKind::Invalid, "the store's address cannot be used".into())
            }
            SdkError::TimeoutError(_) => (BlobErrorKind::Unavailable, "the store did not answer in time".into()),
            SdkError::ServiceError(service) => of_answer(service.raw().status().as_u16(), service.err()),
            _ => (BlobErrorKind::Unavailable, "the store cannot be reached".into()),
        };
        Self::new(kind, operation, key, what).because(error)
    }
}

fn of_answer(status: u16, error: &impl ProvideErrorMetadata) -> (BlobErrorKind, String) {
    let code = error.code().unwrap_or_default();
    let kind = match (status, code) {
        (_, "NoSuchBucket") => BlobErrorKind::NoBucket,
        (404, _) | (_, "NoSuchKey" | "NotFound") => BlobErrorKind::NotFound,
        (401 | 403, _) => BlobErrorKind::Denied,
        (408 | 409 | 429 | 500.., _) => BlobErrorKind::Unavailable,
        _ => BlobErrorKind::Rejected,
    };
    (kind, format!("{code} ({status}) {}", error.message().unwrap_or_default()).trim().to_owned())
}

/// The HTTP status of the store's answer, where there was one.
pub(crate) fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}
