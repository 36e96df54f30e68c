//! Briefs that become jobs.

use crate::events::{Hint, INSERT_OUTBOX};
use crate::outbox::OutboxRow;
use crate::{Store, StoreError};
use cavendish_domain::{Brief, JobId, Subject, TenantId};
use cavendish_messages::EventType;
use serde_json::json;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Postgres};
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
                brief.copy,
                brief.locale,
                brief.template,
                brief.brand,
                brief.renders_of,
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
