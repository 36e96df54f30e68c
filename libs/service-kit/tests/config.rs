//! Where configuration comes from, and what is said when it is wrong.

#![allow(clippy::unwrap_used)]

use cavendish_service_kit::config::load_from;
use cavendish_service_kit::{BrokerConfig, DatabaseConfig, TelemetryConfig};
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Write;

#[derive(Debug, Deserialize)]
struct Options {
    database: DatabaseConfig,
    broker: BrokerConfig,
    #[serde(default)]
    telemetry: TelemetryConfig,
}

fn file(toml: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    file
}

fn env(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

const FILE: &str = "[database]\nurl = 'postgres://file'\nmax_connections = 3\n[broker]\nurl = 'amqp://file'\n";

#[test]
fn variables_win_over_the_file_and_the_file_over_the_stack() {
    let stack = file("[database]\nurl = 'postgres://stack'\n[broker]\nurl = 'amqp://stack'\n");
    let own = file("[database]\nurl = 'postgres://own'\n");
    let variables = env(&[
        ("CAVENDISH_STACK", stack.path().to_str().unwrap()),
        ("CAVENDISH_CONFIG", own.path().to_str().unwrap()),
        ("CAVENDISH_DATABASE__MAX_CONNECTIONS", "7"),
        ("CAVENDISH_METRICS_LISTEN", "127.0.0.1:0"),
    ]);
    let options: Options = load_from(None, variables).unwrap();
    assert_eq!(options.database.url, "postgres://own");
    assert_eq!(options.database.max_connections, 7);
    assert_eq!(options.broker.url, "amqp://stack");
    assert_eq!(options.telemetry.metrics_listen, Some("127.0.0.1:0".parse().unwrap()));

    let short = env(&[("CAVENDISH_DATABASE_URL", "postgres://env"), ("CAVENDISH_AMQP_URL", "")]);
    let options: Options = load_from(Some(file(FILE).path()), short).unwrap();
    assert_eq!(options.database.url, "postgres://env");
    assert_eq!(options.broker.url, "amqp://file", "an empty variable counts as unset");
}

#[test]
fn errors_name_the_key_and_where_to_set_it() {
    let missing = load_from::<Options>(Some(file("[broker]\nurl = 'amqp://x'").path()), env(&[])).unwrap_err();
    assert!(missing.to_string().contains("`database`"), "{missing}");

    let inner = file("[database]\nmax_connections = 1\n[broker]\nurl = 'amqp://x'");
    let missing = load_from::<Options>(Some(inner.path()), env(&[])).unwrap_err().to_string();
    assert!(missing.contains("`database.url`") && missing.contains("CAVENDISH_DATABASE__URL"), "{missing}");

    let many = env(&[("CAVENDISH_DATABASE__MAX_CONNECTIONS", "many")]);
    let wrong = load_from::<Options>(Some(file(FILE).path()), many).unwrap_err().to_string();
    assert!(wrong.contains("database.max_connections") && wrong.contains("many"), "{wrong}");

    let nowhere = load_from::<Options>(Some("no/such/file.toml".as_ref()), env(&[])).unwrap_err().to_string();
    assert!(nowhere.contains("no/such/file.toml"), "{nowhere}");
}

#[test]
fn passwords_are_not_printed() {
    let url = "postgres://me:se:c@ret@host:5432/db?sslmode=disable";
    let printed = format!("{:?}", DatabaseConfig { url: url.into(), max_connections: 1 });
    assert!(printed.contains("postgres://me:…@host:5432/db?sslmode=disable"), "{printed}");
    let printed = format!("{:?}", BrokerConfig { url: "amqp://me:secret@host".into() });
    assert!(printed.contains("amqp://me:…@host") && !printed.contains("secret"), "{printed}");
}
