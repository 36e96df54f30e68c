//! What services must know to reach the servers, private or foreign, and the file that tells them.

use super::{postgres::Postgres, rabbitmq::RabbitMq, s3};
use crate::paths::{Paths, write_atomic};
use anyhow::Result;
use std::{env, fs, path::Path};

/// Foreign servers, from the environment: what is given here is not started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Foreign {
    pub(crate) amqp: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) s3: Option<String>,
}

impl Foreign {
    /// Reads `CAVENDISH_AMQP_URL`, `CAVENDISH_DATABASE_URL` and `CAVENDISH_S3_ENDPOINT`.
    pub(crate) fn from_env() -> Self {
        Self {
            amqp: set("CAVENDISH_AMQP_URL"),
            database: set("CAVENDISH_DATABASE_URL"),
            s3: set("CAVENDISH_S3_ENDPOINT"),
        }
    }

    /// The foreign address that stands in for the private server of that name.
    pub(crate) fn of(&self, server: &str) -> Option<&str> {
        match server {
            "rabbitmq" => self.amqp.as_deref(),
            "postgres" => self.database.as_deref(),
            _ => self.s3.as_deref(),
        }
    }
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Addresses and credentials of the three servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connections {
    pub(crate) database_url: String,
    pub(crate) amqp_url: String,
    pub(crate) management_url: Option<String>,
    pub(crate) s3_endpoint: String,
    pub(crate) s3_region: String,
    pub(crate) s3_bucket: String,
    pub(crate) s3_access_key: String,
    pub(crate) s3_secret_key: String,
    /// Where files' certificate is; made by the first service that signs.
    pub(crate) certificate: String,
    /// The checkout and its cache, for what services read from there wherever they are started.
    pub(crate) root: String,
    pub(crate) cache: String,
}

impl Connections {
    /// Foreign where the environment names a server, private otherwise.
    pub(crate) fn gather(
        foreign: &Foreign,
        rabbit: &RabbitMq,
        postgres: &Postgres,
        store: &s3::S3,
        paths: &Paths,
    ) -> Result<Self> {
        let (amqp_url, management_url) = match &foreign.amqp {
            Some(url) => (url.clone(), set("CAVENDISH_AMQP_MANAGEMENT_URL").or_else(|| usual_management_url(url))),
            None => (rabbit.url()?, Some(rabbit.management_url()?)),
        };
        let database_url = match &foreign.database {
            Some(url) => url.clone(),
            None => postgres.url()?,
        };
        let mut connections = Self {
            database_url,
            amqp_url,
            management_url,
            s3_endpoint: store.endpoint(),
            s3_region: "us-east-1".to_owned(),
            s3_bucket: s3::BUCKET.to_owned(),
            s3_access_key: s3::ACCESS_KEY.to_owned(),
            s3_secret_key: String::new(),
            certificate: paths.stack().join("signer.pem").to_string_lossy().into_owned(),
            root: paths.root.to_string_lossy().into_owned(),
            cache: paths.cache.to_string_lossy().into_owned(),
        };
        match &foreign.s3 {
            Some(endpoint) => connections.use_foreign_s3(endpoint),
            None => connections.s3_secret_key = store.secret_key()?,
        }
        Ok(connections)
    }

    fn use_foreign_s3(&mut self, endpoint: &str) {
        endpoint.clone_into(&mut self.s3_endpoint);
        let take = |name: &str, field: &mut String| {
            if let Some(value) = set(name) {
                *field = value;
            }
        };
        take("CAVENDISH_S3_REGION", &mut self.s3_region);
        take("CAVENDISH_S3_BUCKET", &mut self.s3_bucket);
        take("CAVENDISH_S3_ACCESS_KEY_ID", &mut self.s3_access_key);
        take("CAVENDISH_S3_SECRET_ACCESS_KEY", &mut self.s3_secret_key);
    }

    /// The file as services read it.
    pub(crate) fn to_toml(&self) -> String {
        let mut lines = vec!["# Written by `cargo xtask up`; changes are overwritten.".to_owned()];
        let mut section = |name: &str, fields: &[(&str, Option<&str>)]| {
            lines.push(format!("\n[{name}]"));
            for (key, value) in fields {
                lines.extend(value.map(|value| format!("{key} = {}", quoted(value))));
            }
        };
        section("database", &[("url", Some(&self.database_url))]);
        section("broker", &[("url", Some(&self.amqp_url)), ("management_url", self.management_url.as_deref())]);
        section(
            "blobs",
            &[
                ("endpoint", Some(&self.s3_endpoint)),
                ("region", Some(&self.s3_region)),
                ("bucket", Some(&self.s3_bucket)),
                ("access_key_id", Some(&self.s3_access_key)),
                ("secret_access_key", Some(&self.s3_secret_key)),
            ],
        );
        let (of, kept) = (|name| format!("{}/{name}", self.root), |name| format!("{}/{name}", self.cache));
        section(
            "renderer",
            &[
                ("model_dir", Some(&of("models/nano"))),
                ("encoder_dir", Some(&kept("models/minilm"))),
                ("vision_dir", Some(&of("models/vision"))),
                ("known_dir", Some(&of("models/known"))),
            ],
        );
        section("type", &[("fonts_dir", Some(&kept("fonts")))]);
        section("provenance", &[("local_certificate", Some(&self.certificate))]);
        lines.join("\n") + "\n"
    }

    /// Writes the file unless it already says the same.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = self.to_toml();
        if fs::read_to_string(file).is_ok_and(|old| old == text) {
            return Ok(());
        }
        write_atomic(file, text.as_bytes(), 0o600)
    }
}

/// The management API where RabbitMQ has it unless told otherwise: same host and credentials, port 15672.
fn usual_management_url(amqp: &str) -> Option<String> {
    let (_, rest) = amqp.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (credentials, place) = authority.rsplit_once('@')?;
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    Some(format!("http://{credentials}@{host}:15672"))
}

/// A TOML basic string. URLs and keys hold nothing but what JSON escapes the same way.
fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_management_api_is_looked_for_in_its_usual_place() {
        let guess = |url| usual_management_url(url);
        assert_eq!(guess("amqp://u:p@broker:5672/%2f").as_deref(), Some("http://u:p@broker:15672"));
        assert_eq!(guess("amqps://u:p@broker").as_deref(), Some("http://u:p@broker:15672"));
        assert_eq!(guess("amqp://broker:5672"), None);
    }

    #[test]
    fn the_file_names_every_server_and_escapes_values() {
        let connections = Connections {
            database_url: "postgres://u:p@h:1/d".into(),
            amqp_url: "amqp://u:p@h:2/%2f".into(),
            management_url: None,
            s3_endpoint: "http://h:3".into(),
            s3_region: "r".into(),
            s3_bucket: "b".into(),
            s3_access_key: "k".into(),
            s3_secret_key: "with \"quotes\"".into(),
            certificate: "/c/signer.pem".into(),
            root: "/r".into(),
            cache: "/c".into(),
        };
        let text = connections.to_toml();
        assert!(
            text.contains("[database]\nurl = \"postgres://u:p@h:1/d\"\n\n[broker]\nurl = \"amqp://u:p@h:2/%2f\"\n")
        );
        assert!(text.contains("secret_access_key = \"with \\\"quotes\\\"\"\n"));
        assert!(!text.contains("management_url"));
        assert!(text.contains("model_dir = \"/r/models/nano\"\n") && text.contains("fonts_dir = \"/c/fonts\"\n"));
        assert!(text.ends_with("[provenance]\nlocal_certificate = \"/c/signer.pem\"\n"));
    }
}
