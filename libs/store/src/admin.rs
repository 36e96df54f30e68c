//! Whole databases, for tests and set-up.

use crate::StoreError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::str::FromStr;

/// Creates a database on the server of `server_url`, as a copy of `template` when given. Nothing happens when
/// it exists already.
///
/// # Errors
/// As the server says.
///
/// # Panics
/// When a name is not of lower-case letters, digits and `_`.
pub async fn create_database(server_url: &str, name: &str, template: Option<&str>) -> Result<(), StoreError> {
    let template = template.map(|template| format!(" TEMPLATE {}", checked(template))).unwrap_or_default();
    match run(server_url, format!("CREATE DATABASE {}{template}", checked(name))).await {
        Err(StoreError::Refused(sqlx::Error::Database(error))) if error.code().as_deref() == Some("42P04") => Ok(()),
        other => other,
    }
}

/// Drops a database, ending its sessions.
///
/// # Errors
/// As the server says; a database that is not there is no error.
///
/// # Panics
/// When the name is not of lower-case letters, digits and `_`.
pub async fn drop_database(server_url: &str, name: &str) -> Result<(), StoreError> {
    run(server_url, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", checked(name))).await
}

/// `url` with its database replaced by `name`.
#[must_use]
pub fn with_database(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').map_or((url, None), |(head, query)| (head, Some(query)));
    let after_scheme = head.find("://").map_or(0, |at| at + 3);
    let end = head[after_scheme..].find('/').map_or(head.len(), |at| after_scheme + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &head[..end])
}

async fn run(server_url: &str, sql: String) -> Result<(), StoreError> {
    let options = PgConnectOptions::from_str(server_url)?;
    let mut connection = PgConnection::connect_with(&options).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(connection.close().await?)
}

/// Database names cannot be bound as parameters, so they are restricted instead.
fn checked(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(!name.is_empty() && name.bytes().all(plain), "database name `{name}` must be [a-z0-9_]+");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        assert_eq!(
            with_database("postgres://u:p@h:1/old?sslmode=disable", "new"),
            "postgres://u:p@h:1/new?sslmode=disable"
        );
        assert_eq!(with_database("postgres://u@h:1", "new"), "postgres://u@h:1/new");
    }
}
