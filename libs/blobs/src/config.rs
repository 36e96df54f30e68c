use serde::Deserialize;
use std::fmt;

/// Where the bucket is and who we are there.
#[derive(Clone, Deserialize)]
pub struct BlobsConfig {
    /// URL of the store, for everything that is not AWS itself: `http://127.0.0.1:9000`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Region that requests are signed for. Stores other than AWS mostly ignore it.
    #[serde(default = "default_region")]
    pub region: String,
    /// The bucket that holds everything.
    #[serde(default = "default_bucket")]
    pub bucket: String,
    /// Access key.
    pub access_key_id: String,
    /// Secret key; never printed.
    pub secret_access_key: String,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`. Unset: exactly when `endpoint` is given.
    #[serde(default)]
    pub path_style: Option<bool>,
}

impl BlobsConfig {
    /// Whether requests name the bucket in the path.
    #[must_use]
    pub fn uses_path_style(&self) -> bool {
        self.path_style.unwrap_or(self.endpoint.is_some())
    }
}

impl fmt::Debug for BlobsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobsConfig")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"…")
            .field("path_style", &self.path_style)
            .finish()
    }
}

fn default_region() -> String {
    "us-east-1".into()
}

fn default_bucket() -> String {
    "cavendish".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_never_printed_and_path_style_follows_the_endpoint() {
        let mut config = BlobsConfig {
            endpoint: Some("http://127.0.0.1:1".into()),
            region: default_region(),
            bucket: default_bucket(),
            access_key_id: "key".into(),
            secret_access_key: "hush-hush".into(),
            path_style: None,
        };
        assert!(!format!("{config:?}").contains("hush-hush"));
        assert!(config.uses_path_style());
        config.endpoint = None;
        assert!(!config.uses_path_style());
    }
}
