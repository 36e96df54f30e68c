//! Configuration: TOML files, then the environment on top, then a service's own `serde` defaults for the rest.
//!
//! Files, the later over the earlier: the stack file named by `CAVENDISH_STACK` (what `cargo xtask up` wrote), then
//! the file of `--config` or, without it, the one named by `CAVENDISH_CONFIG`. On top come variables: every key has
//! the name `CAVENDISH_` + its path with `__` between the parts (`CAVENDISH_DATABASE__MAX_CONNECTIONS`), and the
//! usual ones have short names too ([`SHORT_NAMES`]). A variable that is set but empty counts as unset.

use ::config::{Config, Environment, File, FileFormat, Map};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::{Path, PathBuf};

/// Variables that need no path: each with the key that it sets.
pub const SHORT_NAMES: &[(&str, &str)] = &[
    ("CAVENDISH_DATABASE_URL", "database.url"),
    ("CAVENDISH_AMQP_URL", "broker.url"),
    ("CAVENDISH_S3_ENDPOINT", "blobs.endpoint"),
    ("CAVENDISH_S3_REGION", "blobs.region"),
    ("CAVENDISH_S3_BUCKET", "blobs.bucket"),
    ("CAVENDISH_S3_ACCESS_KEY_ID", "blobs.access_key_id"),
    ("CAVENDISH_S3_SECRET_ACCESS_KEY", "blobs.secret_access_key"),
    ("CAVENDISH_LOG", "telemetry.log"),
    ("CAVENDISH_LOG_FORMAT", "telemetry.format"),
    ("CAVENDISH_METRICS_LISTEN", "telemetry.metrics_listen"),
];

/// `[database]`: Postgres.
#[derive(Clone, Deserialize)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// Connections in the pool, at most.
    #[serde(default = "default_max_connections")]
    pub max_connections: u32,
}

/// `[broker]`: RabbitMQ.
#[derive(Clone, Deserialize)]
pub struct BrokerConfig {
    /// `amqp://user:password@host:port/vhost`.
    pub url: String,
}

/// Why there is no configuration. The message names the key, and where it can be set.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(String);

/// Loads a configuration from the files and the process's environment; see the module's documentation.
///
/// # Errors
/// A file that cannot be read or parsed, a missing key, a value of the wrong type.
pub fn load<T: DeserializeOwned>(path: Option<&Path>) -> Result<T, ConfigError> {
    // A variable that is not Unicode cannot be one of ours.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    load_from(path, variables.collect())
}

/// [`load`] with an environment given by hand.
///
/// # Errors
/// As [`load`].
pub fn load_from<T: DeserializeOwned>(path: Option<&Path>, variables: Map<String, String>) -> Result<T, ConfigError> {
    let named = |name: &str| variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let files = [named("CAVENDISH_STACK"), path.map(Path::to_owned).or_else(|| named("CAVENDISH_CONFIG"))];
    let mut builder = Config::builder();
    for file in files.into_iter().flatten() {
        builder = builder.add_source(File::from(file).format(FileFormat::Toml));
    }
    for (name, key) in SHORT_NAMES {
        if let Some(value) = variables.get(*name).filter(|value| !value.is_empty()) {
            builder = builder.set_override(*key, value.as_str()).map_err(explain)?;
        }
    }
    let environment = Environment::with_prefix("CAVENDISH").prefix_separator("_").separator("__");
    let environment = environment.ignore_empty(true).source(Some(variables));
    builder.add_source(environment).build().and_then(Config::try_deserialize).map_err(explain)
}

fn explain(error: ::config::ConfigError) -> ConfigError {
    let ::config::ConfigError::NotFound(key) = &error else { return ConfigError(error.to_string()) };
    let variable = key.to_uppercase().replace('.', "__");
    ConfigError(format!("`{key}` is missing; set it in the file given by --config, or as CAVENDISH_{variable}"))
}

/// `url` with its password replaced, for logs.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let authority = url[start..].find(['/', '?']).map_or(&url[start..], |end| &url[start..start + end]);
    let Some(at) = authority.rfind('@') else { return url.to_owned() };
    let user = authority[..at].split(':').next().unwrap_or_default();
    format!("{}{user}:…{}", &url[..start], &url[start + at..])
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = redact_url(&self.url);
        f.debug_struct("DatabaseConfig").field("url", &url).field("max_connections", &self.max_connections).finish()
    }
}

impl fmt::Debug for BrokerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerConfig").field("url", &redact_url(&self.url)).finish()
    }
}

fn default_max_connections() -> u32 {
    10
}
