use cavendish_domain::InvalidBrief;
use thiserror::Error;

/// Why the store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No such row for this tenant.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The brief asks for what this tenant does not have, with the field.
    #[error(transparent)]
    Invalid(#[from] InvalidBrief),
    /// The request contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// The server cannot be reached, is restarting, or gave up on a deadlock: the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value cannot be read back.
    #[error("stored {what} is unreadable: {source}")]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// How.
        source: serde_json::Error,
    },
    /// The database refused a statement.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let transient = match &error {
            // Classes: connection, rollback (deadlock, serialisation), resources, operator intervention.
            sqlx::Error::Database(database) => {
                database.code().is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)))
            }
            sqlx::Error::RowNotFound
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_) => false,
            _ => true,
        };
        if transient { Self::Unavailable(error) } else { Self::Refused(error) }
    }
}
