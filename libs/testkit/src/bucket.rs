use crate::cleanup::run_now;
use crate::stack::{Stack, unique};
use anyhow::{Context, Result};
use cavendish_blobs::{Blobs, BlobsConfig};

/// An empty bucket, deleted with what it holds when this is dropped.
#[derive(Debug)]
pub struct TestBucket {
    config: BlobsConfig,
    blobs: Blobs,
}

impl TestBucket {
    /// A fresh bucket on the running stack.
    ///
    /// # Errors
    /// When there is no stack, or its S3 server does not answer.
    pub async fn create() -> Result<Self> {
        Self::create_on(&Stack::from_env()?).await
    }

    /// A fresh bucket on `stack`.
    ///
    /// # Errors
    /// When the S3 server does not answer or refuses.
    pub async fn create_on(stack: &Stack) -> Result<Self> {
        let config = BlobsConfig { bucket: unique("-"), ..stack.blobs.clone() };
        let blobs = Blobs::connect(&config)?;
        let created = blobs.ensure_bucket().await;
        created.context("cannot create a test bucket; is the stack up? run `cargo xtask up`")?;
        Ok(Self { config, blobs })
    }

    /// A client of the bucket.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// What a service needs to use the bucket.
    #[must_use]
    pub fn config(&self) -> &BlobsConfig {
        &self.config
    }
}

impl Drop for TestBucket {
    fn drop(&mut self) {
        let config = self.config.clone();
        run_now(format!("bucket {}", config.bucket), async move {
            // A client of its own: the test's connections belong to the test's runtime.
            Ok(Blobs::connect(&config)?.delete_bucket_and_contents().await?)
        });
    }
}
