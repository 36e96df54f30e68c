//! Outgoing events (outbox) and a job's history, written in the transaction of the change they tell of.

use crate::outbox::OutboxRow;
use crate::transaction::Tx;
use crate::{Claim, StoreError};
use cavendish_domain::{JobId, JobState, Lane, ShotId, Stage};
use cavendish_messages::{Envelope, EventType, JobEvent, JobRequested, ShotEvent, SubjectRequested, topology};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::Duration;
use uuid::Uuid;

/// An event that feeds a stage queue.
pub(crate) struct Hint {
    stage: Stage,
    lane: Lane,
    envelope: Envelope,
    traceparent: Option<String>,
    delay: Duration,
}

impl Hint {
    /// For a job that waits for ingest.
    pub(crate) fn job(job: JobId, tenant: &str, lane: Lane, traceparent: Option<String>) -> Self {
        let data = JobRequested { tenant: tenant.into(), job_id: Some(job), brief: None };
        let envelope = Envelope::new(EventType::JobRequested, job, &data);
        Self { stage: Stage::Ingest, lane, envelope, traceparent, delay: Duration::ZERO }
    }

    /// For a shot that waits for `stage`.
    pub(crate) fn shot(stage: Stage, job: JobId, shot: ShotId, lane: Lane, traceparent: Option<String>) -> Self {
        let data = ShotEvent { job_id: job, shot_id: shot, lane };
        let envelope = Envelope::new(topology::feeding(stage), shot, &data);
        Self { stage, lane, envelope, traceparent, delay: Duration::ZERO }
    }

    /// For a version of a profile, or a test of one, that waits for profile.
    pub(crate) fn profile(id: Uuid, tenant: &str, lane: Lane, traceparent: Option<String>) -> Self {
        let data = SubjectRequested { tenant: tenant.into(), id: Some(id), name: None, kind: None, references: vec![] };
        let envelope = Envelope::new(EventType::SubjectRequested, id, &data);
        Self { stage: Stage::Profile, lane, envelope, traceparent, delay: Duration::ZERO }
    }

    /// Once more for a claim, after `delay`.
    pub(crate) fn again(claim: &Claim, delay: Duration) -> Self {
        let hint = match claim.stage {
            Stage::Ingest => Self::job(claim.job_id, &claim.tenant, claim.lane, None),
            Stage::Profile => Self::profile(claim.subject_id, &claim.tenant, claim.lane, None),
            stage => Self::shot(stage, claim.job_id, ShotId(claim.subject_id), claim.lane, None),
        };
        Self { delay, ..hint }
    }

    /// The hint as a row of the outbox, `delay` in seconds.
    pub(crate) fn row(&self) -> Value {
        json!({
            "exchange": topology::LINE, "routing_key": topology::line_key(self.stage, self.lane),
            "event_id": self.envelope.id, "traceparent": self.traceparent, "body": self.envelope.encode(),
            "delay": self.delay.as_secs_f64(),
        })
    }
}

/// Puts hints into the outbox; those that may go at once are handed to this process's relay.
pub(crate) async fn send_hints(tx: &mut Tx, hints: &[Hint]) -> Result<(), StoreError> {
    let rows = hints.iter().map(Hint::row).collect();
    insert(tx, rows, hints.iter().all(|hint| hint.delay.is_zero())).await
}

/// Puts events for listeners into the outbox: (tenant slug, event type, envelope).
pub(crate) async fn announce(tx: &mut Tx, announcements: &[(&str, EventType, Envelope)]) -> Result<(), StoreError> {
    let rows = announcements.iter().map(|(tenant, event, envelope)| {
        json!({
            "exchange": topology::EVENTS, "routing_key": topology::event_key(tenant, *event),
            "event_id": envelope.id, "traceparent": null, "body": envelope.encode(), "delay": 0.0,
        })
    });
    insert(tx, rows.collect(), true).await
}

/// Tells of jobs that have no files to tell of, in their history and to listeners: (job, tenant slug, error).
pub(crate) async fn tell_jobs(
    tx: &mut Tx,
    event: EventType,
    state: JobState,
    jobs: &[(JobId, &str, Option<String>)],
) -> Result<(), StoreError> {
    let data = |(job, tenant, error): &(JobId, &str, Option<String>)| JobEvent {
        job_id: *job,
        tenant: (*tenant).into(),
        state: state.as_str().into(),
        shots: None,
        assets: vec![],
        error: error.clone(),
        late_by_ms: None,
    };
    let told: Vec<_> = jobs.iter().map(|job| (job.0, job.1, data(job))).collect();
    let history: Vec<_> = told.iter().map(|(job, _, data)| (*job, event, json!(data))).collect();
    record(tx, &history).await?;
    let announced: Vec<_> =
        told.iter().map(|(job, tenant, data)| (*tenant, event, Envelope::new(event, *job, data))).collect();
    announce(tx, &announced).await
}

/// The outbox's insert; `FROM` wants the rows as `r`, see [`Hint::row`].
pub(crate) const INSERT_OUTBOX: &str =
    "INSERT INTO outbox (exchange, routing_key, event_id, traceparent, body, available_at)
     SELECT exchange, routing_key, event_id, traceparent, body, now() + make_interval(secs => delay)";

async fn insert(tx: &mut Tx, mut rows: Vec<Value>, at_once: bool) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let lease = tx.handover_lease();
    let leased = at_once && !lease.is_zero();
    if leased {
        rows.iter_mut().for_each(|row| row["delay"] = json!(lease.as_secs_f64()));
    }
    let sql = format!(
        "{INSERT_OUTBOX}
         FROM jsonb_to_recordset($1) AS r(exchange text, routing_key text, event_id text, traceparent text,
                                          body text, delay double precision)
         RETURNING id, exchange, routing_key, event_id, traceparent, body"
    );
    let inserted: Vec<OutboxRow> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(Value::Array(rows)).fetch_all(&mut **tx).await?;
    if leased {
        tx.remember(inserted);
    }
    Ok(())
}

/// Adds to the histories of jobs.
pub(crate) async fn record(tx: &mut PgConnection, events: &[(JobId, EventType, Value)]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = events
        .iter()
        .map(|(job, event, data)| json!({"job_id": job, "type": event.noun_verb(), "data": data}))
        .collect();
    let sql = "INSERT INTO job_events (job_id, type, data)
               SELECT job_id, type, data FROM jsonb_to_recordset($1) AS r(job_id uuid, type text, data jsonb)";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}
