//! What the handlers of all stages need.

use cavendish_blobs::BlobError;
use cavendish_conveyor::HandlerError;

/// An error of the blob store as a stage sees it.
#[must_use]
pub fn blob_error(error: BlobError) -> HandlerError {
    if error.is_retryable() { HandlerError::retryable("blobs", error) } else { HandlerError::permanent("blobs", error) }
}

/// Does work on pixels beside the runtime, which must go on answering heartbeats.
///
/// # Errors
/// Retryable when the work panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HandlerError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| HandlerError::retryable("panicked", error))
}
