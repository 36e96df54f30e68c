//! Jobs as their owners see them. Every query is scoped by tenant: an id of another tenant answers as an id that
//! does not exist.

use crate::events::{self, Hint, INSERT_OUTBOX};
use crate::outbox::OutboxRow;
use crate::transaction::Tx;
use crate::{Store, StoreError};
use cavendish_domain::{Brief, JobId, JobState, Made, Subject, TenantId};
use cavendish_messages::{Envelope, EventType, JobEvent};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Postgres};
use std::time::Instant;
use uuid::Uuid;

/// A brief to be stored as a job.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Id chosen by the caller, so that blobs can be stored under it first.
    pub id: JobId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Slug of the owner.
    pub tenant: String,
    /// The valid brief; inline photographs replaced by blobs, seed drawn.
    pub brief: Brief,
    /// The same key and brief give the same job.
    pub idempotency_key: Option<String>,
    /// Trace to carry on.
    pub traceparent: Option<String>,
}

/// What became of a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The job, new or from before.
    pub job_id: JobId,
    /// Whether this call made it.
    pub created: bool,
}

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
    /// Stores a job with its claim and the event that calls ingest. A known idempotency key answers with the job
    /// from before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the key was used with another brief.
    pub async fn accept(&self, job: &NewJob) -> Result<Accepted, StoreError> {
        let hint = Hint::job(job.id, &job.tenant, job.brief.lane, job.traceparent.clone());
        let (mut row, lease, began) = (hint.row(), self.handover_lease(), Instant::now());
        row["delay"] = json!(lease.as_secs_f64());
        // One statement is a transaction of one round trip.
        let sql = format!(
            "{INSERT_JOB} {INSERT_OUTBOX} FROM job,
                 jsonb_to_record($9) AS r(exchange text, routing_key text, event_id text, traceparent text, body text,
                                          delay double precision)
             RETURNING id, exchange, routing_key, event_id, traceparent, body"
        );
        let rows: Vec<OutboxRow> =
            bind_job(sqlx::query_as(AssertSqlSafe(sql)), job).bind(row).fetch_all(&self.pool).await?;
        if rows.is_empty() {
            return self.accepted_before(job).await;
        }
        if !lease.is_zero() {
            self.hand_over(rows, began);
        }
        Ok(Accepted { job_id: job.id, created: true })
    }

    async fn accepted_before(&self, job: &NewJob) -> Result<Accepted, StoreError> {
        let sql = "SELECT id, brief FROM jobs WHERE tenant_id = $1 AND idempotency_key = $2";
        let (id, brief): (Uuid, Json<Brief>) =
            sqlx::query_as(sql).bind(job.tenant_id.uuid()).bind(&job.idempotency_key).fetch_one(&self.pool).await?;
        // A seed drawn by lot and the places of stored photographs differ between two sendings of one brief.
        // So does the version that was pinned: the newest may be another by now.
        let profile = |subject: &Subject| subject.profile.as_ref().map(|profile| profile.name.clone());
        let essence = |brief: &Brief| {
            let subjects: Vec<_> = brief
                .subjects
                .iter()
                .map(|s| (&s.name, s.references.len(), profile(s), s.preserve, s.frame, s.size))
                .collect();
            json!([
                brief.prompt,
                brief.deliverables,
                brief.variants,
                brief.backdrop,
                brief.quality,
                brief.lane,
                brief.deadline_ms,
                brief.keeping(),
                subjects
            ])
        };
        if essence(&brief.0) != essence(&job.brief) {
            return Err(StoreError::Conflict("the idempotency key was used with another brief".into()));
        }
        Ok(Accepted { job_id: JobId(id), created: false })
    }

    /// Takes in a brief that a producer published itself, once per (source, event id).
    ///
    /// # Errors
    /// As the database says.
    pub async fn admit(&self, source: &str, event_id: &str, job: &NewJob) -> Result<Accepted, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO inbox (source, event_id, job_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let row = sqlx::query(sql).bind(source).bind(event_id).bind(job.id.uuid()).execute(&mut *tx).await?;
        let created = row.rows_affected() == 1 && insert_job(&mut tx, job).await?;
        tx.commit().await?;
        Ok(Accepted { job_id: job.id, created })
    }

    /// Whether an event of a producer was taken in before.
    ///
    /// # Errors
    /// As the database says.
    pub async fn was_admitted(&self, source: &str, event_id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT FROM inbox WHERE source = $1 AND event_id = $2)";
        Ok(sqlx::query_scalar(sql).bind(source).bind(event_id).fetch_one(&self.pool).await?)
    }

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
                          consistency, below_consistency, report
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

    /// Gives a job up: nothing that is not yet committed will be. A settled job stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's job.
    pub async fn cancel(&self, tenant: TenantId, job: JobId) -> Result<JobState, StoreError> {
        let mut tx = self.begin().await?;
        // Claims come before jobs in the order of locks; once more after, for those a commit has just made.
        if sqlx::query_scalar::<_, bool>("SELECT true FROM jobs WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(job.uuid())
            .fetch_optional(&mut *tx)
            .await?
            .is_none()
        {
            return Err(StoreError::NotFound("job"));
        }
        cancel_claims(&mut tx, job).await?;
        let sql = "UPDATE jobs j SET state = 'cancelled', settled_at = now() FROM tenants t
                   WHERE j.id = $1 AND t.id = j.tenant_id AND j.state IN ('queued', 'planning', 'rendering', 'finishing')
                   RETURNING t.slug";
        let slug: Option<String> = sqlx::query_scalar(sql).bind(job.uuid()).fetch_optional(&mut *tx).await?;
        if let Some(slug) = slug {
            cancel_claims(&mut tx, job).await?;
            let sql = "UPDATE shots SET state = 'cancelled' WHERE job_id = $1
                       AND state IN ('queued', 'rendering', 'rendered', 'finishing')";
            sqlx::query(sql).bind(job.uuid()).execute(&mut *tx).await?;
            tell_cancelled(&mut tx, job, &slug).await?;
        }
        tx.commit().await?;
        self.job_state(tenant, job).await
    }
}

async fn cancel_claims(tx: &mut PgConnection, job: JobId) -> Result<(), StoreError> {
    let sql = "UPDATE claims SET state = 'cancelled', owner = NULL, lease_expires_at = NULL, ended_at = now()
               WHERE job_id = $1 AND state IN ('waiting', 'held')";
    sqlx::query(sql).bind(job.uuid()).execute(tx).await?;
    Ok(())
}

async fn tell_cancelled(tx: &mut Tx, job: JobId, tenant: &str) -> Result<(), StoreError> {
    let state = JobState::Cancelled.as_str().into();
    let tenant_slug = tenant.into();
    let data = JobEvent {
        job_id: job,
        tenant: tenant_slug,
        state,
        shots: None,
        assets: vec![],
        error: None,
        late_by_ms: None,
    };
    events::record(tx, &[(job, EventType::JobCancelled, json!(data))]).await?;
    let envelope = Envelope::new(EventType::JobCancelled, job, &data);
    events::announce(tx, &[(tenant, EventType::JobCancelled, envelope)]).await
}

/// The job, its claim and the first line of its history, as `job`, which is empty when the job is there already.
const INSERT_JOB: &str = "WITH job AS (
        INSERT INTO jobs (id, tenant_id, lane, brief, idempotency_key, traceparent, deadline_at)
        VALUES ($1, $2, $3, $4, $5, $6, now() + ($4->>'deadline_ms')::double precision * interval '1 millisecond')
        ON CONFLICT DO NOTHING RETURNING id AS job_id, tenant_id, lane
    ), claim AS (
        INSERT INTO claims (stage, subject_id, job_id, tenant_id, lane)
        SELECT 'ingest', job_id, job_id, tenant_id, lane FROM job
    ), told AS (
        INSERT INTO job_events (job_id, type, data) SELECT job_id, $7, $8 FROM job
    )";

/// Binds the parameters of [`INSERT_JOB`].
fn bind_job<'q, O>(
    query: QueryAs<'q, Postgres, O, PgArguments>,
    job: &'q NewJob,
) -> QueryAs<'q, Postgres, O, PgArguments> {
    query
        .bind(job.id.uuid())
        .bind(job.tenant_id.uuid())
        .bind(job.brief.lane.as_str())
        .bind(Json(&job.brief))
        .bind(&job.idempotency_key)
        .bind(&job.traceparent)
        .bind(EventType::JobRequested.noun_verb())
        .bind(json!({"lane": job.brief.lane}))
}

/// Inserts the job, its claim and the first line of its history; `false` when it is there already.
async fn insert_job(tx: &mut PgConnection, job: &NewJob) -> Result<bool, StoreError> {
    let sql = format!("{INSERT_JOB} SELECT count(*) FROM job");
    let (inserted,): (i64,) = bind_job(sqlx::query_as(AssertSqlSafe(sql)), job).fetch_one(tx).await?;
    Ok(inserted == 1)
}
