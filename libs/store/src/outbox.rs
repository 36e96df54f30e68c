//! The outbox as the relay sees it. A row in flight is leased by moving its `available_at` ahead, so no transaction
//! stays open while the broker is spoken to, and a relay that dies gives its rows back by itself.

use crate::{Store, StoreError};
use sqlx::FromRow;
use std::time::Duration;

/// An event that is committed and not yet confirmed by the broker.
#[derive(Debug, Clone, FromRow)]
pub struct OutboxRow {
    /// Row number; grows with time.
    pub id: i64,
    /// Exchange to publish to.
    pub exchange: String,
    /// Routing key.
    pub routing_key: String,
    /// The event's own id, for the message id.
    pub event_id: String,
    /// W3C trace context to carry.
    pub traceparent: Option<String>,
    /// The encoded envelope.
    pub body: String,
}

impl Store {
    /// Takes up to `limit` due rows for `lease`; unless they are deleted by then, they are due again.
    ///
    /// # Errors
    /// As the database says.
    pub async fn lease_outbox(&self, limit: i64, lease: Duration) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = "UPDATE outbox SET available_at = now() + make_interval(secs => $2)
                   WHERE id IN (
                       SELECT id FROM outbox WHERE available_at <= now() ORDER BY available_at, id LIMIT $1
                       FOR UPDATE SKIP LOCKED
                   )
                   RETURNING id, exchange, routing_key, event_id, traceparent, body";
        let mut rows: Vec<OutboxRow> =
            sqlx::query_as(sql).bind(limit).bind(lease.as_secs_f64()).fetch_all(&self.pool).await?;
        rows.sort_unstable_by_key(|row| row.id);
        Ok(rows)
    }

    /// Deletes rows that the broker has confirmed.
    ///
    /// # Errors
    /// As the database says; the rows are then published once more, which is harmless.
    pub async fn delete_outbox(&self, ids: &[i64]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM outbox WHERE id = ANY($1)").bind(ids).execute(&self.pool).await?;
        Ok(())
    }

    /// Events that are not confirmed yet.
    ///
    /// # Errors
    /// As the database says.
    pub async fn outbox_len(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&self.pool).await?)
    }
}
