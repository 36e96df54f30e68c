//! What is kept no longer: first its row says so and its blob is doomed, in one transaction; then the blob is deleted, and
//! only then forgotten. So no row promises a file that is gone, and no file outlives its sweep.

use crate::transaction::Tx;
use crate::{Store, StoreError, events};
use cavendish_domain::{AssetId, BlobKey, JobId, TenantId};
use cavendish_messages::{AssetsDeleted, Envelope, EventType};
use serde_json::json;
use sqlx::FromRow;
use std::time::Duration;
use uuid::Uuid;

/// Rows that one call expires, at most.
const BATCH: i64 = 500;

/// How long things are kept; `None` for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Finished files, from when they were finished.
    pub assets: Option<Duration>,
    /// Renders, with the scenes that subjects were placed in and what was drawn beyond their edges, from when their job was settled.
    pub renders: Option<Duration>,
}

/// What one call expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Finished files.
    pub assets: u64,
    /// Renders.
    pub renders: u64,
}

impl Expired {
    /// Whether there may be more.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.assets.max(self.renders) >= BATCH.unsigned_abs()
    }
}

/// Rows that say that they are deleted.
#[derive(FromRow)]
struct Deleted {
    job_id: Uuid,
    tenant: String,
    blob_key: String,
}

impl Store {
    /// Deletes finished files of a job: the `wanted` ones, or all. Answers with how many there were.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for another tenant's job, and for an asset that the job does not have; then nothing is deleted.
    pub async fn delete_assets(
        &self,
        tenant: TenantId,
        job: JobId,
        wanted: Option<&[AssetId]>,
    ) -> Result<usize, StoreError> {
        self.job_state(tenant, job).await?;
        let mut tx = self.begin().await?;
        let ids: Option<Vec<Uuid>> = wanted.map(|ids| ids.iter().map(|id| id.uuid()).collect());
        if let Some(ids) = &ids {
            let sql = "SELECT count(*) FROM assets WHERE job_id = $1 AND id = ANY($2)";
            let there: i64 = sqlx::query_scalar(sql).bind(job.uuid()).bind(ids).fetch_one(&mut *tx).await?;
            if there < ids.len() as i64 {
                return Err(StoreError::NotFound("asset"));
            }
        }
        let sql = "UPDATE assets a SET deleted_at = now() FROM tenants t
                   WHERE a.job_id = $1 AND ($2::uuid[] IS NULL OR a.id = ANY($2)) AND a.deleted_at IS NULL
                     AND t.id = a.tenant_id
                   RETURNING a.job_id, t.slug AS tenant, a.blob_key";
        let deleted: Vec<Deleted> = sqlx::query_as(sql).bind(job.uuid()).bind(ids).fetch_all(&mut *tx).await?;
        part_with_assets(&mut tx, &deleted).await?;
        tx.commit().await?;
        Ok(deleted.len())
    }

    /// Parts with what has been kept for long enough, some hundred rows at a time.
    ///
    /// # Errors
    /// As the database says.
    pub async fn expire(&self, kept: Retention) -> Result<Expired, StoreError> {
        let mut expired = Expired::default();
        if let Some(age) = kept.assets {
            expired.assets = self.expire_assets(age).await?;
        }
        if let Some(age) = kept.renders {
            expired.renders = self.expire_renders(age).await?;
        }
        Ok(expired)
    }

    async fn expire_assets(&self, age: Duration) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE assets a SET deleted_at = now() FROM tenants t
                   WHERE t.id = a.tenant_id AND a.id IN (
                       SELECT id FROM assets WHERE deleted_at IS NULL AND created_at <= now() - $1 * interval '1 second'
                       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
                   RETURNING a.job_id, t.slug AS tenant, a.blob_key";
        let deleted: Vec<Deleted> = sqlx::query_as(sql).bind(age.as_secs_f64()).bind(BATCH).fetch_all(&mut *tx).await?;
        part_with_assets(&mut tx, &deleted).await?;
        tx.commit().await?;
        Ok(deleted.len() as u64)
    }

    async fn expire_renders(&self, age: Duration) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE renders SET deleted_at = now() WHERE shot_id IN (
                       SELECT r.shot_id FROM renders r JOIN shots s ON s.id = r.shot_id JOIN jobs j ON j.id = s.job_id
                       WHERE r.deleted_at IS NULL AND j.settled_at <= now() - $1 * interval '1 second'
                       ORDER BY r.created_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED)
                   RETURNING blob_key, coalesce(made->>'scene', made->'outpainted'->>'key')";
        let gone: Vec<(String, Option<String>)> =
            sqlx::query_as(sql).bind(age.as_secs_f64()).bind(BATCH).fetch_all(&mut *tx).await?;
        let (renders, scenes): (Vec<_>, Vec<_>) = gone.iter().cloned().unzip();
        // One that was finished anew may still be kept for its later job.
        let sql = "INSERT INTO doomed_blobs (blob_key)
                   SELECT key FROM unnest($1::text[], $2::text[]) AS gone(render, scene),
                        unnest(ARRAY[render, scene]) AS key
                   WHERE key IS NOT NULL AND NOT EXISTS (
                       SELECT FROM renders r WHERE r.blob_key = gone.render AND r.deleted_at IS NULL)
                   ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(renders).bind(scenes).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(gone.len() as u64)
    }

    /// Blobs that no row promises any more, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn doomed_blobs(&self, limit: i64) -> Result<Vec<BlobKey>, StoreError> {
        let sql = "SELECT blob_key FROM doomed_blobs ORDER BY since LIMIT $1";
        let keys: Vec<String> = sqlx::query_scalar(sql).bind(limit).fetch_all(&self.pool).await?;
        let read = |key: String| serde_json::from_value(key.into());
        let keys = keys.into_iter().map(read).collect::<Result<_, _>>();
        keys.map_err(|source| StoreError::Unreadable { what: "blob key", source })
    }

    /// Forgets doomed blobs that are deleted.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget_blobs(&self, keys: &[BlobKey]) -> Result<(), StoreError> {
        let keys: Vec<&str> = keys.iter().map(BlobKey::as_str).collect();
        sqlx::query("DELETE FROM doomed_blobs WHERE blob_key = ANY($1)").bind(keys).execute(&self.pool).await?;
        Ok(())
    }
}

/// Dooms the blobs of assets that say that they are deleted, and tells it: a line of history and an event for every job.
async fn part_with_assets(tx: &mut Tx, deleted: &[Deleted]) -> Result<(), StoreError> {
    let keys: Vec<&str> = deleted.iter().map(|row| row.blob_key.as_str()).collect();
    let sql = "INSERT INTO doomed_blobs (blob_key) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(keys).execute(&mut **tx).await?;
    let mut told: Vec<AssetsDeleted> = vec![];
    for Deleted { job_id, tenant, blob_key } in deleted {
        match told.iter_mut().find(|event| event.job_id.uuid() == *job_id) {
            Some(event) => event.keys.push(blob_key.clone()),
            None => told.push(AssetsDeleted {
                job_id: JobId(*job_id),
                tenant: tenant.clone(),
                keys: vec![blob_key.clone()],
            }),
        }
    }
    let history: Vec<_> = told.iter().map(|event| (event.job_id, EventType::AssetDeleted, json!(event))).collect();
    events::record(tx, &history).await?;
    let announcements: Vec<_> = told
        .iter()
        .map(|event| {
            let envelope = Envelope::new(EventType::AssetDeleted, event.job_id, event);
            (event.tenant.as_str(), EventType::AssetDeleted, envelope)
        })
        .collect();
    events::announce(tx, &announcements).await
}
