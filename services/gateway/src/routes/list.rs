use crate::error::ApiError;
use serde::Deserialize;

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    limit: Option<String>,
}

impl ListQuery {
    /// How many are wanted: `usual` unless it is said, `most` at most.
    pub(super) fn limit(&self, usual: i64, most: i64) -> Result<i64, ApiError> {
        match self.limit.as_deref().map(str::parse::<i64>) {
            None => Ok(usual),
            Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => {
                let reason = format!("must be a number from 1 to {most}");
                Err(ApiError::InvalidRequest { field: "limit", reason })
            }
        }
    }
}
