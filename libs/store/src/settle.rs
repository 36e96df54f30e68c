//! The end of a job: the last shot completes it, a dead claim fails it.

use crate::claims::{Claim, Failure, Outcome};
use crate::dead_letters::{self, NewDeadLetter};
use crate::transaction::Tx;
use crate::{StoreError, events, profiles};
use cavendish_domain::{JobId, JobState, Stage};
use cavendish_messages::{AssetSummary, Envelope, EventType, JobEvent};
use serde_json::json;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

#[derive(FromRow)]
struct Standing {
    id: Uuid,
    state: String,
    tenant: String,
    unrendered: i64,
    unsettled: i64,
    error: Option<String>,
    late_by_ms: Option<i64>,
    assets: Json<Vec<AssetSummary>>,
}

/// Moves jobs on after some of their shots moved: to finishing when nothing is left to render, to completed or
/// failed when every shot is settled. Locks the jobs, so that of two last shots one sees the other.
pub(crate) async fn settle_jobs(tx: &mut Tx, jobs: &[Uuid]) -> Result<(), StoreError> {
    let standings: Vec<Standing> = sqlx::query_as(
        "SELECT j.id, j.state, t.slug AS tenant,
                count(*) FILTER (WHERE s.state IN ('queued', 'rendering')) AS unrendered,
                count(*) FILTER (WHERE s.state NOT IN ('finished', 'failed', 'cancelled')) AS unsettled,
                min(s.error) FILTER (WHERE s.state = 'failed') AS error,
                floor(extract(epoch FROM now() - j.deadline_at) * 1000)::bigint AS late_by_ms,
                CASE WHEN count(*) FILTER (WHERE s.state NOT IN ('finished', 'failed', 'cancelled')) = 0 THEN (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('spec', a.spec, 'variant', a.variant, 'key',
                               a.blob_key, 'width', a.width, 'height', a.height, 'bytes', a.bytes, 'mime', a.mime,
                               'compliant', a.compliant, 'consistency', a.consistency,
                               'below_consistency', a.below_consistency) ORDER BY a.variant, a.deliverable), '[]')
                    FROM assets a WHERE a.job_id = j.id
                ) ELSE '[]' END AS assets
         FROM jobs j JOIN tenants t ON t.id = j.tenant_id JOIN shots s ON s.job_id = j.id
         WHERE j.id = ANY($1) AND j.state IN ('rendering', 'finishing')
         GROUP BY j.id, t.slug",
    )
    .bind(jobs)
    .fetch_all(&mut **tx)
    .await?;
    let mut moves = Vec::new();
    for standing in standings {
        let next = match (&standing.error, standing.unsettled, standing.unrendered) {
            (Some(_), 0, _) => JobState::Failed,
            (None, 0, _) => JobState::Completed,
            (_, _, 0) => JobState::Finishing,
            _ => continue,
        };
        if next.as_str() != standing.state {
            moves.push((next, standing));
        }
    }
    move_jobs(tx, moves).await
}

/// Takes the row locks that [`settle_jobs`] relies on, in order of id.
pub(crate) async fn lock_jobs(tx: &mut PgConnection, jobs: &[Uuid]) -> Result<(), StoreError> {
    let sql = "SELECT FROM jobs WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    sqlx::query(sql).bind(jobs).execute(tx).await?;
    Ok(())
}

async fn move_jobs(tx: &mut Tx, moves: Vec<(JobState, Standing)>) -> Result<(), StoreError> {
    if moves.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = moves
        .iter()
        .map(|(next, job)| {
            let error = if *next == JobState::Failed { job.error.as_deref() } else { None };
            json!({"id": job.id, "state": next, "error": error, "settled": next.is_settled()})
        })
        .collect();
    let sql = "UPDATE jobs j SET state = r.state, error = r.error,
                      settled_at = CASE WHEN r.settled THEN now() ELSE NULL END
               FROM jsonb_to_recordset($1) AS r(id uuid, state text, error text, settled boolean) WHERE j.id = r.id";
    sqlx::query(sql).bind(serde_json::Value::Array(rows)).execute(&mut **tx).await?;
    let settled: Vec<_> = moves.into_iter().filter(|(next, _)| next.is_settled()).collect();
    let told: Vec<_> = settled.iter().map(|(next, job)| tell(*next, job)).collect();
    let history: Vec<_> = told.iter().map(|(job, _, event, data)| (*job, *event, data.clone())).collect();
    events::record(tx, &history).await?;
    let announcements: Vec<_> =
        told.iter().map(|(job, tenant, event, data)| (*tenant, *event, Envelope::new(*event, job, data))).collect();
    events::announce(tx, &announcements).await
}

fn tell(next: JobState, job: &Standing) -> (JobId, &str, EventType, serde_json::Value) {
    let event = if next == JobState::Completed { EventType::JobCompleted } else { EventType::JobFailed };
    let data = JobEvent {
        job_id: JobId(job.id),
        tenant: job.tenant.clone(),
        state: next.as_str().into(),
        shots: None,
        assets: job.assets.0.clone(),
        error: job.error.clone().filter(|_| next == JobState::Failed),
        late_by_ms: job
            .late_by_ms
            .and_then(|late| u64::try_from(late).ok())
            .filter(|late| next == JobState::Completed && *late > 0),
    };
    (data.job_id, &job.tenant, event, json!(data))
}

/// Gives a claim up: failed job or shot, the events that say so, and a dead letter unless the fault lies in what was sent.
pub(crate) async fn bury(tx: &mut Tx, claim: &Claim, failure: &Failure) -> Result<Outcome, StoreError> {
    let sql = "UPDATE claims SET state = 'dead', owner = NULL, lease_expires_at = NULL, failures = failures + 1,
                      ended_at = now()
               WHERE stage = $1 AND subject_id = $2 AND attempt = $3 AND state = 'held'";
    let buried = sqlx::query(sql)
        .bind(claim.stage.as_str())
        .bind(claim.subject_id)
        .bind(claim.attempt)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    if buried == 0 {
        return Ok(Outcome::Fenced);
    }
    if !failure.is_of_input() {
        dead_letters::insert(tx, &NewDeadLetter::of_claim(claim, failure)).await?;
    }
    let error = format!("{}: {}", claim.stage, failure.detail);
    let Some(job) = claim.job().map(JobId::uuid) else {
        profiles::fail(tx, claim, &error).await?;
        return Ok(Outcome::Committed);
    };
    lock_jobs(tx, &[job]).await?;
    if claim.stage == Stage::Ingest {
        fail_job(tx, claim, &error).await?;
    } else {
        let sql =
            "UPDATE shots SET state = 'failed', error = $2 WHERE id = $1 AND state NOT IN ('finished', 'cancelled')";
        sqlx::query(sql).bind(claim.subject_id).bind(&error).execute(&mut **tx).await?;
        settle_jobs(tx, &[job]).await?;
    }
    Ok(Outcome::Committed)
}

async fn fail_job(tx: &mut Tx, claim: &Claim, error: &str) -> Result<(), StoreError> {
    let standing = Standing {
        id: claim.job_id.uuid(),
        state: JobState::Planning.as_str().into(),
        tenant: claim.tenant.clone(),
        unrendered: 0,
        unsettled: 0,
        error: Some(error.into()),
        late_by_ms: None,
        assets: Json(vec![]),
    };
    move_jobs(tx, vec![(JobState::Failed, standing)]).await
}
