use anyhow::{Context, Result};
use cavendish_blobs::BlobsConfig;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The servers that tests run on, as `cargo xtask up` wrote them down.
#[derive(Debug, Clone, Deserialize)]
pub struct Stack {
    /// Postgres.
    pub database: DatabaseAddress,
    /// RabbitMQ.
    pub broker: BrokerAddress,
    /// The S3 server.
    pub blobs: BlobsConfig,
    /// The folder of the file, where the testkit keeps what tests share.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// Where Postgres is.
#[derive(Clone, Deserialize)]
pub struct DatabaseAddress {
    /// URL of a database on the server, with a user that may create databases.
    pub url: String,
}

/// Where RabbitMQ is.
#[derive(Clone, Deserialize)]
pub struct BrokerAddress {
    /// AMQP URL, with a user that is an administrator.
    pub url: String,
    /// URL of the management HTTP API, with user and password.
    pub management_url: String,
}

impl Stack {
    /// The running stack: the file named by `CAVENDISH_STACK`, or else `.cache/stack/env.toml` of this repository.
    ///
    /// # Errors
    /// When the file is missing or incomplete; the message says what to do.
    pub fn from_env() -> Result<Self> {
        let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/stack/env.toml");
        Self::from_file(&std::env::var_os("CAVENDISH_STACK").map_or_else(default, PathBuf::from))
    }

    /// The stack of `file`.
    ///
    /// # Errors
    /// As [`Stack::from_env`].
    pub fn from_file(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("no stack to test on ({}): run `cargo xtask up`", file.display()))?;
        let mut stack: Self = toml::from_str(&text)
            .with_context(|| format!("{} is not a whole stack: run `cargo xtask up`", file.display()))?;
        stack.folder = file.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(stack)
    }
}

impl std::fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseAddress")
    }
}

impl std::fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrokerAddress")
    }
}

/// A name that no other test has.
pub(crate) fn unique(separator: &str) -> String {
    format!("test{separator}{}", uuid::Uuid::now_v7().simple())
}
