//! Dead letters: what the line gave up on, with the reason; kept until somebody replays or discards it.

use crate::claims::{self, Claim, Failure};
use crate::events::{self, Hint};
use crate::transaction::Tx;
use crate::{Store, StoreError, profiles, settle};
use cavendish_domain::{JobId, Lane, Stage, TenantId};
use cavendish_messages::{Envelope, EventType, JobRejected, SubjectRejected, topology};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// Something to be given up.
#[derive(Debug, Clone)]
pub struct NewDeadLetter {
    /// The stage that gave up.
    pub stage: Stage,
    /// Job, shot, or what is to be profiled, if the message named one.
    pub subject_id: Option<Uuid>,
    /// The job, if known.
    pub job_id: Option<JobId>,
    /// Its owner, if known.
    pub tenant_id: Option<TenantId>,
    /// The lane it travelled in.
    pub lane: Lane,
    /// Machine-readable, for example `undecodable`.
    pub reason: String,
    /// For a person.
    pub detail: String,
    /// Attempts that went wrong.
    pub failures: i32,
    /// The message, where Postgres has nothing else of it.
    pub body: Option<Vec<u8>>,
}

impl NewDeadLetter {
    pub(crate) fn of_claim(claim: &Claim, failure: &Failure) -> Self {
        Self {
            stage: claim.stage,
            subject_id: Some(claim.subject_id),
            job_id: claim.job(),
            tenant_id: Some(claim.tenant_id),
            lane: claim.lane,
            reason: failure.reason.clone(),
            detail: failure.detail.clone(),
            failures: claim.failures + 1,
            body: None,
        }
    }
}

/// A dead letter as stored.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct DeadLetter {
    /// Id.
    pub id: Uuid,
    /// The stage that gave up.
    pub stage: String,
    /// Job, shot, or what was to be profiled.
    pub subject_id: Option<Uuid>,
    /// The job.
    pub job_id: Option<Uuid>,
    /// The lane.
    pub lane: Option<String>,
    /// Machine-readable.
    pub reason: String,
    /// For a person.
    pub detail: String,
    /// Attempts that went wrong.
    pub failures: i32,
    /// The message, as far as it is text.
    #[sqlx(default)]
    pub body: Option<String>,
    /// `open`, `replayed` or `discarded`.
    pub state: String,
    /// When it was given up.
    pub created_at: DateTime<Utc>,
    /// When it was replayed or discarded.
    pub resolved_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, stage, subject_id, job_id, lane, reason, detail, failures, state, created_at, resolved_at,
                       left(encode(body, 'escape'), 4000) AS body";

pub(crate) async fn insert(tx: &mut PgConnection, letter: &NewDeadLetter) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let sql = "INSERT INTO dead_letters
                   (id, stage, subject_id, job_id, tenant_id, lane, reason, detail, failures, body)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    sqlx::query(sql)
        .bind(id)
        .bind(letter.stage.as_str())
        .bind(letter.subject_id)
        .bind(letter.job_id.map(JobId::uuid))
        .bind(letter.tenant_id.map(TenantId::uuid))
        .bind(letter.lane.as_str())
        .bind(&letter.reason)
        // Postgres text cannot hold NUL.
        .bind(letter.detail.replace('\0', "\u{fffd}"))
        .bind(letter.failures)
        .bind(&letter.body)
        .execute(tx)
        .await?;
    Ok(id)
}

impl Store {
    /// Keeps a message that no claim stands for, and tells the producer of a refused brief why.
    ///
    /// # Errors
    /// As the database says.
    pub async fn refuse(
        &self,
        letter: &NewDeadLetter,
        rejected: Option<&(String, JobRejected)>,
    ) -> Result<Uuid, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, letter).await?;
        if let Some((tenant, rejected)) = rejected {
            let (event, envelope) = rejection(letter.stage, rejected);
            events::announce(&mut tx, &[(tenant, event, envelope)]).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// Keeps a message that the broker gave up on; the claim it called for dies with it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn bury_message(&self, letter: &NewDeadLetter) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let claim = match letter.subject_id {
            Some(subject) => claims::seize_waiting(&mut tx, letter.stage, subject).await?,
            None => None,
        };
        match claim {
            Some(claim) => {
                let (reason, detail) = (letter.reason.clone(), letter.detail.clone());
                settle::bury(&mut tx, &claim, &Failure { reason, detail, retry_after: None }).await?;
            }
            // Without a waiting claim the message was a duplicate, or never named anything.
            None if letter.subject_id.is_none() => drop(insert(&mut tx, letter).await?),
            None => {}
        }
        tx.commit().await
    }

    /// The newest dead letters; with `all` also those resolved.
    ///
    /// # Errors
    /// As the database says.
    pub async fn dead_letters(&self, all: bool, limit: i64) -> Result<Vec<DeadLetter>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM dead_letters WHERE state = 'open' OR $1 ORDER BY created_at DESC LIMIT $2");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(all).bind(limit).fetch_all(&self.pool).await?)
    }

    /// One dead letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn dead_letter(&self, id: Uuid) -> Result<DeadLetter, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM dead_letters WHERE id = $1");
        let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool).await?;
        row.ok_or(StoreError::NotFound("dead letter"))
    }

    /// Puts a dead letter back on the line with a clean record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Conflict`] when it is resolved already or cannot be replayed.
    pub async fn replay(&self, id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let (stage, subject, body, lane) = resolve(&mut tx, id, "replayed").await?;
        match (subject, body) {
            (Some(subject), _) => revive(&mut tx, stage, subject).await?,
            (None, Some(body)) => send_again(&mut tx, stage, lane, body).await?,
            (None, None) => return Err(StoreError::Conflict("nothing of the message was kept".into())),
        }
        tx.commit().await
    }

    /// Marks a dead letter as not wanted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Conflict`] when it is resolved already.
    pub async fn discard(&self, id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        resolve(&mut tx, id, "discarded").await?;
        tx.commit().await
    }
}

/// What a producer hears of a request that was refused at the door.
fn rejection(stage: Stage, rejected: &JobRejected) -> (EventType, Envelope) {
    let JobRejected { event_id, event_source, errors } = rejected.clone();
    if stage != Stage::Profile {
        return (EventType::JobRejected, Envelope::new(EventType::JobRejected, &event_id, rejected));
    }
    let data = SubjectRejected {
        id: None,
        name: None,
        version: None,
        event_id: Some(event_id.clone()),
        event_source: Some(event_source),
        errors,
    };
    (EventType::SubjectRejected, Envelope::new(EventType::SubjectRejected, event_id, &data))
}

type Resolved = (Stage, Option<Uuid>, Option<Vec<u8>>, Lane);

async fn resolve(tx: &mut PgConnection, id: Uuid, state: &str) -> Result<Resolved, StoreError> {
    let sql = "SELECT state, stage, subject_id, body, lane FROM dead_letters WHERE id = $1 FOR UPDATE";
    #[derive(FromRow)]
    struct Row {
        state: String,
        stage: String,
        subject_id: Option<Uuid>,
        body: Option<Vec<u8>>,
        lane: Option<String>,
    }
    let row: Option<Row> = sqlx::query_as(sql).bind(id).fetch_optional(&mut *tx).await?;
    let Row { state: current, stage, subject_id, body, lane } = row.ok_or(StoreError::NotFound("dead letter"))?;
    if current != "open" {
        return Err(StoreError::Conflict(format!("the dead letter is {current} already")));
    }
    sqlx::query("UPDATE dead_letters SET state = $2, resolved_at = now() WHERE id = $1")
        .bind(id)
        .bind(state)
        .execute(tx)
        .await?;
    let stage = stage.parse().map_err(StoreError::Conflict)?;
    Ok((stage, subject_id, body, lane.and_then(|lane| lane.parse().ok()).unwrap_or_default()))
}

/// A dead claim waits again, and what had failed because of it goes back a state.
async fn revive(tx: &mut Tx, stage: Stage, subject: Uuid) -> Result<(), StoreError> {
    let sql = "UPDATE claims c SET state = 'waiting', failures = 0, ended_at = NULL, enqueued_at = now(), announced_at = now()
               FROM tenants t WHERE c.stage = $1 AND c.subject_id = $2 AND c.state = 'dead' AND t.id = c.tenant_id
               RETURNING c.job_id, c.lane, t.slug";
    let row: Option<(Option<Uuid>, String, String)> =
        sqlx::query_as(sql).bind(stage.as_str()).bind(subject).fetch_optional(&mut **tx).await?;
    let (job, lane, tenant) =
        row.ok_or_else(|| StoreError::Conflict("its work is no longer dead: nothing to replay".into()))?;
    let lane = lane.parse().unwrap_or_default();
    let Some(job) = job.map(JobId) else {
        profiles::revive(tx, subject).await?;
        return events::send_hints(tx, &[Hint::profile(subject, &tenant, lane, None)]).await;
    };
    let job_state = if stage == Stage::Ingest { "queued" } else { "rendering" };
    let sql = "UPDATE jobs SET state = $2, error = NULL, settled_at = NULL WHERE id = $1 AND state = 'failed'";
    sqlx::query(sql).bind(job.uuid()).bind(job_state).execute(&mut **tx).await?;
    let shot_state = if stage == Stage::Render { "queued" } else { "rendered" };
    let sql = "UPDATE shots SET state = $2, error = NULL WHERE id = $1 AND state = 'failed'";
    sqlx::query(sql).bind(subject).bind(shot_state).execute(&mut **tx).await?;
    let hint = match stage {
        Stage::Ingest => Hint::job(job, &tenant, lane, None),
        stage => Hint::shot(stage, job, subject.into(), lane, None),
    };
    events::send_hints(tx, &[hint]).await
}

async fn send_again(tx: &mut PgConnection, stage: Stage, lane: Lane, body: Vec<u8>) -> Result<(), StoreError> {
    let body = String::from_utf8(body)
        .map_err(|_| StoreError::Conflict("the message is not UTF-8: replaying it cannot help".into()))?;
    let sql = "INSERT INTO outbox (exchange, routing_key, event_id, body) VALUES ($1, $2, $3, $4)";
    sqlx::query(sql)
        .bind(topology::LINE)
        .bind(topology::line_key(stage, lane))
        .bind(Uuid::now_v7().to_string())
        .bind(body)
        .execute(tx)
        .await?;
    Ok(())
}
