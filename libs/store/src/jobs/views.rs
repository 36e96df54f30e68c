//! Jobs as people and programs look at them.

use crate::{Store, StoreError};
use cavendish_domain::{JobId, JobState, Made, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

/// A job in a list.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct JobSummary {
    /// Id.
    pub id: Uuid,
    /// Where it stands, a [`JobState`] as text.
    pub state: String,
    /// Lane.
    pub lane: String,
    /// The brief's name, if it has one.
    pub name: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it was completed, failed or cancelled.
    pub settled_at: Option<DateTime<Utc>>,
    /// When it was to be there.
    pub deadline_at: Option<DateTime<Utc>>,
}

impl JobSummary {
    /// Milliseconds by which a completed job missed its deadline.
    #[must_use]
    pub fn late_by_ms(&self) -> Option<u64> {
        let late = self.settled_at? - self.deadline_at?;
        let completed = self.state == JobState::Completed.as_str();
        u64::try_from(late.num_milliseconds()).ok().filter(|late| completed && *late > 0)
    }
}

/// Everything about a job.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    /// The job itself.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// What was asked for.
    pub brief: Value,
    /// Its shots, in order.
    pub shots: Vec<ShotView>,
    /// Its finished files, by variant and deliverable.
    pub assets: Vec<AssetRow>,
}

/// A shot of a job.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct ShotView {
    /// Id.
    pub id: Uuid,
    /// Its place in the plan.
    pub index: i32,
    /// Where it stands, a shot state as text.
    pub state: String,
    /// What it asks for.
    pub request: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// Its render, once there is one.
    pub render: Option<Json<RenderRow>>,
}

/// A render of a shot.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct RenderRow {
    /// The attempt that made it.
    pub attempt: i32,
    /// Where the image lies.
    pub blob_key: String,
    /// Model name and version.
    pub model: String,
    /// Seed, the bits of a u64.
    pub seed: i64,
    /// Denoising steps.
    pub steps: i32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// How it came about in the end; `None` for renders of before: as the shot asked for.
    #[serde(default)]
    pub made: Option<Made>,
    /// Consistency of the kept subject that came out least like itself, 0..=1; `None` where none is kept.
    #[serde(default)]
    pub consistency: Option<f32>,
    /// Timings, scores, and what was tried.
    pub report: Value,
}

/// A finished file.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct AssetRow {
    /// Id.
    pub id: Uuid,
    /// The shot that fed it.
    pub shot_id: Uuid,
    /// Its place in the brief's deliverables.
    pub deliverable: i32,
    /// Output spec.
    pub spec: String,
    /// Which variant.
    pub variant: i32,
    /// Where the file lies.
    pub blob_key: String,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// Size of the file.
    pub bytes: i64,
    /// Media type.
    pub mime: String,
    /// Whether every check passed.
    pub compliant: bool,
    /// Consistency of its subjects, 0..=1; `None` where none is kept.
    pub consistency: Option<f32>,
    /// Whether that is less than the brief asks for.
    pub below_consistency: bool,
    /// The checks with what was measured, and timings.
    pub report: Value,
    /// When it was deleted: then its file is gone, or about to be.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A line of a job's history.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct HistoryEntry {
    /// Grows with time; the id of the server-sent event.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// `<noun>.<verb>`.
    #[serde(rename = "type")]
    #[sqlx(rename = "type")]
    pub event: String,
    /// What.
    pub data: Value,
}

const SUMMARY: &str = "id, state, lane, brief->>'name' AS name, error, created_at, settled_at, deadline_at";

impl Store {
    /// Everything about a job.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's job.
    pub async fn job(&self, tenant: TenantId, job: JobId) -> Result<JobView, StoreError> {
        let sql = format!("SELECT {SUMMARY}, brief FROM jobs WHERE tenant_id = $1 AND id = $2");
        #[derive(FromRow)]
        struct Row {
            #[sqlx(flatten)]
            summary: JobSummary,
            brief: Value,
        }
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(tenant.uuid())
            .bind(job.uuid())
            .fetch_optional(&self.pool)
            .await?;
        let Row { summary, brief } = row.ok_or(StoreError::NotFound("job"))?;
        let sql = "SELECT s.id, s.index, s.state, s.request, s.error, to_jsonb(r) AS render
                   FROM shots s LEFT JOIN renders r ON r.shot_id = s.id WHERE s.job_id = $1 ORDER BY s.index";
        let shots = sqlx::query_as(sql).bind(job.uuid()).fetch_all(&self.pool).await?;
        let sql = "SELECT id, shot_id, deliverable, spec, variant, blob_key, width, height, bytes, mime, compliant,
                          consistency, below_consistency, report, deleted_at
                   FROM assets WHERE job_id = $1 ORDER BY variant, deliverable";
        let assets = sqlx::query_as(sql).bind(job.uuid()).fetch_all(&self.pool).await?;
        Ok(JobView { summary, brief, shots, assets })
    }

    /// A job's state, cheaper than [`Store::job`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's job.
    pub async fn job_state(&self, tenant: TenantId, job: JobId) -> Result<JobState, StoreError> {
        let sql = "SELECT state FROM jobs WHERE tenant_id = $1 AND id = $2";
        let state: Option<String> =
            sqlx::query_scalar(sql).bind(tenant.uuid()).bind(job.uuid()).fetch_optional(&self.pool).await?;
        state.and_then(|word| word.parse().ok()).ok_or(StoreError::NotFound("job"))
    }

    /// The newest jobs of a tenant, at most `limit`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn jobs(&self, tenant: TenantId, limit: i64) -> Result<Vec<JobSummary>, StoreError> {
        let sql = format!("SELECT {SUMMARY} FROM jobs WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT $2");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant.uuid()).bind(limit).fetch_all(&self.pool).await?)
    }

    /// A job's history after `after` (0 for all of it), oldest first.
    ///
    /// # Errors
    /// As the database says; another tenant's job has no history.
    pub async fn history(&self, tenant: TenantId, job: JobId, after: i64) -> Result<Vec<HistoryEntry>, StoreError> {
        let sql = "SELECT e.seq, e.at, e.type, e.data FROM job_events e JOIN jobs j ON j.id = e.job_id
                   WHERE j.tenant_id = $1 AND j.id = $2 AND e.seq > $3 ORDER BY e.seq LIMIT 1000";
        Ok(sqlx::query_as(sql).bind(tenant.uuid()).bind(job.uuid()).bind(after).fetch_all(&self.pool).await?)
    }

    /// How many jobs wait in the same lane before this one; `None` once it is taken up.
    ///
    /// # Errors
    /// As the database says.
    pub async fn queue_position(&self, job: JobId) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM claims o WHERE o.stage = 'ingest' AND o.state = 'waiting'
                           AND o.lane = c.lane AND o.enqueued_at < c.enqueued_at)
                   FROM claims c WHERE c.stage = 'ingest' AND c.subject_id = $1 AND c.state = 'waiting'";
        Ok(sqlx::query_scalar(sql).bind(job.uuid()).fetch_optional(&self.pool).await?)
    }
}
