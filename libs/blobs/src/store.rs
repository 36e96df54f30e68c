use crate::BlobError;
use async_trait::async_trait;
use bytes::Bytes;
use cavendish_domain::BlobKey;
use std::time::Duration;

/// What [`BlobStore::put_new`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The key was free and now holds the bytes.
    Created,
    /// The key was taken and keeps what it held. It may be our own bytes: a retried request whose first answer
    /// was lost ends here. Keys are functions of what they hold, so callers treat this as done.
    AlreadyThere,
}

/// What is known of a blob without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Size in bytes.
    pub bytes: u64,
    /// MIME type given when it was written.
    pub mime: Option<String>,
}

/// Write once, read under a limit. Every method is safe to repeat.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Writes `bytes` unless the key is taken (`If-None-Match: *`).
    ///
    /// # Errors
    /// Denied, unavailable (conflicts that outlast the retries included), no such bucket, or rejected.
    async fn put_new(&self, key: &BlobKey, bytes: Bytes, mime: &str) -> Result<Put, BlobError>;

    /// Reads a whole blob of at most `max_bytes`; a larger one is given up as soon as that is known, whatever
    /// length it declared.
    ///
    /// # Errors
    /// Not found, too large, denied, or unavailable.
    async fn get(&self, key: &BlobKey, max_bytes: u64) -> Result<Bytes, BlobError>;

    /// Size and type of a blob, or `None` where there is none.
    ///
    /// # Errors
    /// Denied or unavailable.
    async fn head(&self, key: &BlobKey) -> Result<Option<BlobInfo>, BlobError>;

    /// Removes a blob; one that is not there is already removed.
    ///
    /// # Errors
    /// Denied or unavailable.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// A URL that reads the blob for `ttl` (at most 7 days) without credentials. With `download_name`, browsers
    /// save it under that name instead of showing it.
    ///
    /// # Errors
    /// Invalid, when `ttl` is out of range. The blob's existence is not checked.
    async fn presign_get(&self, key: &BlobKey, ttl: Duration, download_name: Option<&str>)
    -> Result<String, BlobError>;
}
