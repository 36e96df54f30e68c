use crate::error::status_of;
use crate::store::{BlobInfo, BlobStore, Put};
use crate::{BlobError, BlobErrorKind, BlobsConfig};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_http_client::Builder as HttpClient;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::{Bytes, BytesMut};
use cavendish_domain::BlobKey;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until the first byte of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(150);
const ATTEMPTS: u32 = 4;
/// Answers of 409 to a conditional write that are waited out; the SDK does not retry them by itself.
const CONFLICT_ATTEMPTS: u32 = 6;
const CONFLICT_PAUSE: Duration = Duration::from_millis(40);

/// A bucket in an S3-compatible store. Cheap to clone; all clones share one connection pool.
#[derive(Debug, Clone)]
pub struct Blobs {
    pub(crate) client: Client,
    pub(crate) bucket: String,
}

impl Blobs {
    /// Prepares a client. Nothing is sent yet; [`Blobs::ensure_bucket`] is the first word with the store.
    ///
    /// # Errors
    /// `Invalid`, when bucket, endpoint or keys cannot be used.
    pub fn connect(config: &BlobsConfig) -> Result<Self, BlobError> {
        check(config)?;
        let http = HttpClient::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let keys = Credentials::new(&config.access_key_id, &config.secret_access_key, None, None, "configuration");
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_secs(2));
        let mut sdk = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .credentials_provider(keys)
            .region(Region::new(config.region.clone()))
            .force_path_style(config.uses_path_style())
            // The default CRC32 breaks presigned PUTs and many S3-compatible stores.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts)
            .retry_config(retries);
        if let Some(endpoint) = &config.endpoint {
            sdk = sdk.endpoint_url(endpoint);
        }
        Ok(Self { client: Client::from_conf(sdk.build()), bucket: config.bucket.clone() })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Creates the bucket unless it is there. Safe to call from many processes at once.
    ///
    /// # Errors
    /// Denied, unavailable, or rejected (a name that the store does not accept).
    pub async fn ensure_bucket(&self) -> Result<(), BlobError> {
        match self.head_bucket().await {
            Err(error) if matches!(error.kind(), BlobErrorKind::NotFound | BlobErrorKind::NoBucket) => {}
            answer => return answer,
        }
        let mut request = self.client.create_bucket().bucket(&self.bucket);
        // AWS wants the region repeated, except for its first one.
        let region = self.client.config().region().map(ToString::to_string).unwrap_or_default();
        if region != "us-east-1" {
            let place = BucketLocationConstraint::from(region.as_str());
            request = request
                .create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build());
        }
        match request.send().await {
            Ok(_) => Ok(()),
            // Somebody was faster; theirs must be ours to use.
            Err(error) if status_of(&error) == Some(409) => self.head_bucket().await,
            Err(error) => Err(BlobError::of_sdk("create bucket", &self.bucket, error)),
        }
    }

    /// Deletes the bucket and everything in it. For tests and clean-up, never for a running line.
    ///
    /// # Errors
    /// Denied or unavailable; a bucket that is not there is already deleted.
    pub async fn delete_bucket_and_contents(&self) -> Result<(), BlobError> {
        let fail = |error: BlobError| if error.kind() == BlobErrorKind::NoBucket { Ok(()) } else { Err(error) };
        loop {
            let page = match self.client.list_objects_v2().bucket(&self.bucket).send().await {
                Ok(page) => page,
                Err(error) => return fail(BlobError::of_sdk("list", &self.bucket, error)),
            };
            let keys: Vec<&str> = page.contents().iter().filter_map(|object| object.key()).collect();
            if keys.is_empty() {
                break;
            }
            for key in keys {
                self.delete_at(key).await?;
            }
        }
        match self.client.delete_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            Err(error) => fail(BlobError::of_sdk("delete bucket", &self.bucket, error)),
        }
    }

    async fn head_bucket(&self) -> Result<(), BlobError> {
        let answer = self.client.head_bucket().bucket(&self.bucket).send().await;
        answer.map(drop).map_err(|error| BlobError::of_sdk("look for bucket", &self.bucket, error))
    }

    pub(crate) async fn put_new_at(&self, key: &str, bytes: Bytes, mime: &str) -> Result<Put, BlobError> {
        let mut conflicts = 0;
        loop {
            let request = self.client.put_object().bucket(&self.bucket).key(key).if_none_match("*");
            let answer = request.content_type(mime).body(ByteStream::from(bytes.clone())).send().await;
            let Err(error) = answer else { return Ok(Put::Created) };
            match status_of(&error) {
                Some(412) => return Ok(Put::AlreadyThere),
                // Two writers at once: one of them is let through in the end, so ask again.
                Some(409) if conflicts + 1 < CONFLICT_ATTEMPTS => {
                    conflicts += 1;
                    tokio::time::sleep(CONFLICT_PAUSE * 2_u32.pow(conflicts)).await;
                }
                _ => return Err(BlobError::of_sdk("write", key, error)),
            }
        }
    }

    pub(crate) async fn get_at(&self, key: &str, max_bytes: u64) -> Result<Bytes, BlobError> {
        let too_large = |bytes: u64| {
            let what = format!("{bytes} bytes or more, and {max_bytes} are allowed");
            BlobError::new(BlobErrorKind::TooLarge, "read", key, what)
        };
        let answer = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        let mut answer = answer.map_err(|error| BlobError::of_sdk("read", key, error))?;
        let declared = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        if declared > max_bytes {
            return Err(too_large(declared));
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(declared).unwrap_or(0));
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|error| {
                BlobError::new(BlobErrorKind::Unavailable, "read", key, "the answer broke off").because(error)
            })?;
            let total = (bytes.len() + chunk.len()) as u64;
            if total > max_bytes {
                return Err(too_large(total));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    pub(crate) async fn delete_at(&self, key: &str) -> Result<(), BlobError> {
        let answer = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        match answer.map_err(|error| BlobError::of_sdk("delete", key, error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == BlobErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl BlobStore for Blobs {
    async fn put_new(&self, key: &BlobKey, bytes: Bytes, mime: &str) -> Result<Put, BlobError> {
        self.put_new_at(key.as_str(), bytes, mime).await
    }

    async fn get(&self, key: &BlobKey, max_bytes: u64) -> Result<Bytes, BlobError> {
        self.get_at(key.as_str(), max_bytes).await
    }

    async fn head(&self, key: &BlobKey) -> Result<Option<BlobInfo>, BlobError> {
        let answer = self.client.head_object().bucket(&self.bucket).key(key.as_str()).send().await;
        match answer.map_err(|error| BlobError::of_sdk("look for", key.as_str(), error)) {
            Ok(head) => Ok(Some(BlobInfo {
                bytes: head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
                mime: head.content_type().map(str::to_owned),
            })),
            Err(error) if error.kind() == BlobErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.delete_at(key.as_str()).await
    }

    async fn presign_get(
        &self,
        key: &BlobKey,
        ttl: Duration,
        download_name: Option<&str>,
    ) -> Result<String, BlobError> {
        let invalid = |what: String| BlobError::new(BlobErrorKind::Invalid, "presign", key.as_str(), what);
        let until = PresigningConfig::expires_in(ttl).map_err(|error| invalid(error.to_string()))?;
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str());
        let request = request.set_response_content_disposition(download_name.map(attachment));
        let answer = request.presigned(until).await;
        answer.map(|signed| signed.uri().to_owned()).map_err(|error| BlobError::of_sdk("presign", key.as_str(), error))
    }
}

/// `Content-Disposition` for a file name: a plain ASCII form for everyone, and the real one after RFC 5987.
fn attachment(name: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let plain: String = name.chars().map(|c| if c.is_ascii() && keep(c as u8) { c } else { '_' }).collect();
    let full: String = name
        .bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

fn check(config: &BlobsConfig) -> Result<(), BlobError> {
    let invalid = |key: &str, what: &str| Err(BlobError::new(BlobErrorKind::Invalid, "configure", key, what));
    if config.bucket.is_empty() {
        return invalid("bucket", "must not be empty");
    }
    if config.access_key_id.is_empty() || config.secret_access_key.is_empty() {
        return invalid("access_key_id, secret_access_key", "must not be empty");
    }
    match &config.endpoint {
        Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
            invalid("endpoint", "must begin with http:// or https://")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_name_cannot_break_out_of_its_header() {
        let header = attachment("Käse\"; evil=\"1\r\n.png");
        assert_eq!(header.matches('"').count(), 2);
        assert!(!header.contains('\r') && !header.contains('\n'));
        assert!(header.ends_with("filename*=UTF-8''K%C3%A4se%22%3B%20evil%3D%221%0D%0A.png"), "{header}");
    }
}
