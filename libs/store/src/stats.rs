use crate::{Store, StoreError};
use sqlx::FromRow;

/// How much waits at a stage and lane.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct QueueDepth {
    /// Stage.
    pub stage: String,
    /// Lane.
    pub lane: String,
    /// Work that waits for a worker.
    pub waiting: i64,
    /// Work in hand.
    pub held: i64,
    /// Age in seconds of what has waited longest, 0 when nothing waits.
    pub oldest_seconds: f64,
}

impl Store {
    /// Depth and oldest age per stage and lane; absent when nothing waits or is held there.
    ///
    /// # Errors
    /// As the database says.
    pub async fn queue_depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        let sql = "SELECT stage, lane, count(*) FILTER (WHERE state = 'waiting') AS waiting,
                          count(*) FILTER (WHERE state = 'held') AS held,
                          coalesce(extract(epoch FROM now() - min(enqueued_at) FILTER (WHERE state = 'waiting')), 0)
                              ::double precision AS oldest_seconds
                   FROM claims WHERE state IN ('waiting', 'held') GROUP BY stage, lane ORDER BY stage, lane";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }
}
