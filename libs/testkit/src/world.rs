use crate::{Stack, TestBucket, TestDatabase, TestVhost};
use anyhow::Result;
use cavendish_blobs::{Blobs, BlobsConfig};
use cavendish_store::Store;

/// A database, a vhost and a bucket that no other test sees. Keep it for as long as the test runs.
#[derive(Debug)]
pub struct TestWorld {
    /// A migrated, empty database.
    pub database_url: String,
    /// An empty vhost.
    pub amqp_url: String,
    /// A client of an empty bucket.
    pub blobs: Blobs,
    /// What a service needs to use the bucket.
    pub blobs_config: BlobsConfig,
    /// The vhost itself, for calls to the management API.
    pub vhost: TestVhost,
    _database: TestDatabase,
    _bucket: TestBucket,
}

impl TestWorld {
    /// A fresh world on the running stack.
    ///
    /// # Errors
    /// When there is no stack, or one of its servers does not answer; the message says what to do.
    pub async fn create() -> Result<Self> {
        let stack = Stack::from_env()?;
        let (database, vhost, bucket) = tokio::try_join!(
            TestDatabase::create_on(&stack),
            TestVhost::create_on(&stack),
            TestBucket::create_on(&stack)
        )?;
        Ok(Self {
            database_url: database.url(),
            amqp_url: vhost.url(),
            blobs: bucket.blobs().clone(),
            blobs_config: bucket.config().clone(),
            vhost,
            _database: database,
            _bucket: bucket,
        })
    }

    /// Opens the database, with a pool of 5 connections.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn store(&self) -> Result<Store> {
        Ok(Store::connect(&self.database_url, 5).await?)
    }
}
