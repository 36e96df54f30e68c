//! Claims: who works on what, with lease, heartbeat and fencing.

use crate::events::{self, Hint};
use crate::settle;
use crate::transaction::Tx;
use crate::{Store, StoreError};
use cavendish_domain::{JobId, Lane, OwnerId, Stage, TenantId};
use cavendish_messages::EventType;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};
use std::time::Duration;
use uuid::Uuid;

/// A worker's right to one piece of work. `attempt` is the fencing token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The stage.
    pub stage: Stage,
    /// The job (ingest), shot (render, postprocess), profile version or profile test (profile).
    pub subject_id: Uuid,
    /// The job it belongs to; nil at `profile`, whose work belongs to none: see [`Claim::job`].
    pub job_id: JobId,
    /// Who owns the job.
    pub tenant_id: TenantId,
    /// Slug of the tenant, for routing keys.
    pub tenant: String,
    /// The lane it travels in.
    pub lane: Lane,
    /// Grows with every claim; a commit must name the current one.
    pub attempt: i32,
    /// Attempts that went wrong before this one.
    pub failures: i32,
}

/// A claim together with what the stage needs to know.
#[derive(Debug, Clone)]
pub struct Work {
    /// The right to do it.
    pub claim: Claim,
    /// Ingest: `{brief, left_ms}` (milliseconds to the deadline, negative when it is past, null without one); render:
    /// `{brief, request, left_ms}`; postprocess: `{brief, request, render}`; profile: the version with its references, and
    /// the test if it is about one.
    pub input: Value,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in.
    Committed,
    /// The attempt had lost its lease, or the job was cancelled: nothing was changed.
    Fenced,
}

/// What to do about an attempt that went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Machine-readable, for example `invalid_input`, `worker_lost`.
    pub reason: String,
    /// For a person.
    pub detail: String,
    /// Repeat after this long; `None` gives up.
    pub retry_after: Option<Duration>,
}

/// What the reaper found: leases of workers that died or hung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaped {
    /// The claim that expired.
    pub claim: Claim,
    /// Whether it was given up for good.
    pub buried: bool,
}

/// Failures from which on work is suspected of killing its workers.
const SUSPICIOUS: i32 = 2;

impl Claim {
    /// The job that the work belongs to; `None` at `profile`.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        Some(self.job_id).filter(|job| !job.uuid().is_nil())
    }

    /// Whether this work lost so many attempts that it may be what kills its workers. It is then taken in hand without
    /// having begun, and must not begin beside anything else; see [`Store::begin_work`].
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.failures >= SUSPICIOUS
    }
}

#[derive(FromRow)]
struct ClaimRow {
    subject_id: Uuid,
    job_id: Option<Uuid>,
    tenant_id: Uuid,
    tenant: String,
    lane: String,
    attempt: i32,
    failures: i32,
}

impl ClaimRow {
    fn into_claim(self, stage: Stage) -> Claim {
        Claim {
            stage,
            subject_id: self.subject_id,
            job_id: JobId(self.job_id.unwrap_or_default()),
            tenant_id: TenantId(self.tenant_id),
            tenant: self.tenant,
            lane: self.lane.parse().unwrap_or_default(),
            attempt: self.attempt,
            failures: self.failures,
        }
    }
}

#[derive(FromRow)]
struct ReapRow {
    #[sqlx(flatten)]
    claim: ClaimRow,
    begun: bool,
}

#[derive(FromRow)]
struct WorkRow {
    #[sqlx(flatten)]
    claim: ClaimRow,
    input: Value,
}

/// Claims what is waiting and reads its input in one statement, per stage.
fn acquire_sql(stage: Stage) -> String {
    let (advance, tables, input) = match stage {
        Stage::Ingest => (
            "UPDATE jobs SET state = 'planning' WHERE id IN (SELECT subject_id FROM got) AND state = 'queued'",
            "JOIN jobs j ON j.id = got.job_id",
            "jsonb_build_object('brief', j.brief, 'left_ms', extract(epoch FROM j.deadline_at - now()) * 1000)",
        ),
        // Nobody asks whether a version is in hand: its claim tells.
        Stage::Profile => ("SELECT", crate::profiles::WORK_TABLES, crate::profiles::WORK_INPUT),
        Stage::Render => (
            "UPDATE shots SET state = 'rendering' WHERE id IN (SELECT subject_id FROM got) AND state = 'queued'",
            "JOIN jobs j ON j.id = got.job_id JOIN shots s ON s.id = got.subject_id",
            "jsonb_build_object('brief', j.brief, 'request', s.request,
                                'left_ms', extract(epoch FROM j.deadline_at - now()) * 1000)",
        ),
        Stage::Postprocess => (
            "UPDATE shots SET state = 'finishing' WHERE id IN (SELECT subject_id FROM got) AND state = 'rendered'",
            "JOIN jobs j ON j.id = got.job_id JOIN shots s ON s.id = got.subject_id JOIN renders r ON r.shot_id = s.id",
            "jsonb_build_object('brief', j.brief, 'request', s.request, 'render', to_jsonb(r))",
        ),
    };
    format!(
        "WITH open AS (
             SELECT subject_id FROM claims WHERE stage = $1 AND subject_id = ANY($2) AND state = 'waiting'
             ORDER BY subject_id FOR UPDATE
         ), got AS (
             UPDATE claims c SET state = 'held', attempt = c.attempt + 1, owner = $3,
                    started_at = CASE WHEN c.failures < {SUSPICIOUS} THEN now() END,
                    lease_expires_at = now() + make_interval(secs => $4)
             FROM open WHERE c.stage = $1 AND c.subject_id = open.subject_id
             RETURNING c.subject_id, c.job_id, c.tenant_id, c.lane, c.attempt, c.failures
         ), advanced AS ({advance})
         SELECT got.*, t.slug AS tenant, {input} AS input
         FROM got JOIN tenants t ON t.id = got.tenant_id {tables}"
    )
}

/// The state to which a stage's subject goes back when an attempt ends without a result.
fn step_back_sql(stage: Stage) -> Option<&'static str> {
    Some(match stage {
        Stage::Profile => return None,
        Stage::Ingest => "UPDATE jobs SET state = 'queued' WHERE id = $1 AND state = 'planning'",
        Stage::Render => "UPDATE shots SET state = 'queued' WHERE id = $1 AND state = 'rendering'",
        Stage::Postprocess => "UPDATE shots SET state = 'rendered' WHERE id = $1 AND state = 'finishing'",
    })
}

impl Store {
    /// Claims those of `subjects` that are waiting at `stage`. What is missing from the answer is held by another
    /// worker, done, or unknown.
    ///
    /// # Errors
    /// As the database says.
    pub async fn acquire(
        &self,
        stage: Stage,
        subjects: &[Uuid],
        owner: OwnerId,
        lease: Duration,
    ) -> Result<Vec<Work>, StoreError> {
        let sql = acquire_sql(stage);
        let rows: Vec<WorkRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(stage.as_str())
            .bind(subjects)
            .bind(owner.uuid())
            .bind(lease.as_secs_f64())
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(|row| Work { claim: row.claim.into_claim(stage), input: row.input }).collect())
    }

    /// Which of `subjects` have a claim of any state at `stage`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn known(&self, stage: Stage, subjects: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        let sql = "SELECT subject_id FROM claims WHERE stage = $1 AND subject_id = ANY($2)";
        Ok(sqlx::query_scalar(sql).bind(stage.as_str()).bind(subjects).fetch_all(&self.pool).await?)
    }

    /// Extends the leases of `held` (subject, attempt). What is missing from the answer is lost: its work must stop.
    ///
    /// # Errors
    /// As the database says.
    pub async fn heartbeat(
        &self,
        stage: Stage,
        owner: OwnerId,
        held: &[(Uuid, i32)],
        lease: Duration,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (subjects, attempts): (Vec<Uuid>, Vec<i32>) = held.iter().copied().unzip();
        let sql = "WITH mine AS (
                SELECT c.subject_id FROM claims c
                JOIN unnest($3::uuid[], $4::int[]) AS h(subject_id, attempt) USING (subject_id, attempt)
                WHERE c.stage = $1 AND c.owner = $2 AND c.state = 'held'
                ORDER BY c.subject_id FOR UPDATE OF c
            )
            UPDATE claims c SET lease_expires_at = now() + make_interval(secs => $5)
            FROM mine WHERE c.stage = $1 AND c.subject_id = mine.subject_id RETURNING c.subject_id";
        Ok(sqlx::query_scalar(sql)
            .bind(stage.as_str())
            .bind(owner.uuid())
            .bind(subjects)
            .bind(attempts)
            .bind(lease.as_secs_f64())
            .fetch_all(&self.pool)
            .await?)
    }

    /// Notes that suspected work begins now, all by itself: from here on the death of its worker is its own fault.
    ///
    /// # Errors
    /// As the database says.
    pub async fn begin_work(&self, claim: &Claim) -> Result<(), StoreError> {
        let sql = "UPDATE claims SET started_at = now()
                   WHERE stage = $1 AND subject_id = $2 AND attempt = $3 AND state = 'held'";
        let query = sqlx::query(sql).bind(claim.stage.as_str()).bind(claim.subject_id).bind(claim.attempt);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Gives a claim back unharmed, as a drained worker does: no attempt is burnt.
    ///
    /// # Errors
    /// As the database says.
    pub async fn release(&self, claim: &Claim) -> Result<Outcome, StoreError> {
        let mut tx = self.begin().await?;
        if !hand_back(&mut tx, claim, 0, Duration::ZERO).await? {
            return Ok(Outcome::Fenced);
        }
        events::send_hints(&mut tx, &[Hint::again(claim, Duration::ZERO)]).await?;
        tx.commit().await?;
        Ok(Outcome::Committed)
    }

    /// Books an attempt that went wrong: repeats it later, or gives it up to the dead letters.
    ///
    /// # Errors
    /// As the database says.
    pub async fn fail(&self, claim: &Claim, failure: &Failure) -> Result<Outcome, StoreError> {
        let mut tx = self.begin().await?;
        let outcome = fail_in(&mut tx, claim, failure).await?;
        tx.commit().await?;
        Ok(outcome)
    }

    /// Tells the broker again of claims that have waited for `quiet` since it was last told: their messages are gone,
    /// as after a purged or deleted queue. For workers that have nothing to do; says how many there were.
    ///
    /// # Errors
    /// As the database says.
    pub async fn reannounce(&self, stage: Stage, quiet: Duration) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "WITH forgotten AS (
                SELECT subject_id FROM claims
                WHERE stage = $1 AND state = 'waiting' AND announced_at < now() - make_interval(secs => $2)
                ORDER BY subject_id LIMIT 100 FOR UPDATE SKIP LOCKED
            )
            UPDATE claims c SET announced_at = now() FROM forgotten f, tenants t
            WHERE c.stage = $1 AND c.subject_id = f.subject_id AND t.id = c.tenant_id
            RETURNING c.subject_id, c.job_id, c.tenant_id, t.slug AS tenant, c.lane, c.attempt, c.failures";
        let rows: Vec<ClaimRow> =
            sqlx::query_as(sql).bind(stage.as_str()).bind(quiet.as_secs_f64()).fetch_all(&mut *tx).await?;
        let hints: Vec<Hint> =
            rows.into_iter().map(|row| Hint::again(&row.into_claim(stage), Duration::ZERO)).collect();
        events::send_hints(&mut tx, &hints).await?;
        tx.commit().await?;
        Ok(hints.len())
    }

    /// Finds claims of `stage` whose lease ran out, and repeats or buries them: after `max_failures` lost attempts
    /// the work itself is taken to be what kills its workers.
    ///
    /// # Errors
    /// As the database says.
    pub async fn reap(&self, stage: Stage, max_failures: i32) -> Result<Vec<Reaped>, StoreError> {
        let mut tx = self.begin().await?;
        let rows: Vec<ReapRow> = sqlx::query_as(
            "SELECT c.subject_id, c.job_id, c.tenant_id, t.slug AS tenant, c.lane, c.attempt, c.failures,
                    c.started_at IS NOT NULL AS begun
             FROM claims c JOIN tenants t ON t.id = c.tenant_id
             WHERE c.stage = $1 AND c.state = 'held' AND c.lease_expires_at < now()
             ORDER BY c.subject_id LIMIT 100 FOR UPDATE OF c SKIP LOCKED",
        )
        .bind(stage.as_str())
        .fetch_all(&mut *tx)
        .await?;
        let mut reaped = Vec::with_capacity(rows.len());
        for row in rows {
            let claim = row.claim.into_claim(stage);
            if !row.begun {
                // It waited for its turn while something else took the worker down.
                if hand_back(&mut tx, &claim, 0, Duration::ZERO).await? {
                    events::send_hints(&mut tx, &[Hint::again(&claim, Duration::ZERO)]).await?;
                }
                reaped.push(Reaped { claim, buried: false });
                continue;
            }
            let buried = claim.failures + 1 >= max_failures;
            let failure = Failure {
                reason: "worker_lost".into(),
                detail: format!("the worker of attempt {} died or hung past its lease", claim.attempt),
                retry_after: (!buried).then_some(Duration::ZERO),
            };
            fail_in(&mut tx, &claim, &failure).await?;
            reaped.push(Reaped { claim, buried });
        }
        tx.commit().await?;
        Ok(reaped)
    }
}

/// Takes a waiting claim in hand, so that it can be buried.
pub(crate) async fn seize_waiting(
    tx: &mut PgConnection,
    stage: Stage,
    subject: Uuid,
) -> Result<Option<Claim>, StoreError> {
    let sql = "UPDATE claims c SET state = 'held', attempt = c.attempt + 1, lease_expires_at = now() FROM tenants t
               WHERE c.stage = $1 AND c.subject_id = $2 AND c.state = 'waiting' AND t.id = c.tenant_id
               RETURNING c.subject_id, c.job_id, c.tenant_id, t.slug AS tenant, c.lane, c.attempt, c.failures";
    let row: Option<ClaimRow> = sqlx::query_as(sql).bind(stage.as_str()).bind(subject).fetch_optional(tx).await?;
    Ok(row.map(|row| row.into_claim(stage)))
}

/// Back to waiting, if the attempt still holds the claim.
async fn hand_back(tx: &mut PgConnection, claim: &Claim, failures: i32, delay: Duration) -> Result<bool, StoreError> {
    let sql = "UPDATE claims SET state = 'waiting', owner = NULL, lease_expires_at = NULL, failures = failures + $4,
                      enqueued_at = now(), announced_at = now() + make_interval(secs => $5)
               WHERE stage = $1 AND subject_id = $2 AND attempt = $3 AND state = 'held'";
    let changed = sqlx::query(sql)
        .bind(claim.stage.as_str())
        .bind(claim.subject_id)
        .bind(claim.attempt)
        .bind(failures)
        .bind(delay.as_secs_f64())
        .execute(&mut *tx)
        .await?
        .rows_affected();
    if changed == 1
        && let Some(sql) = step_back_sql(claim.stage)
    {
        sqlx::query(sql).bind(claim.subject_id).execute(&mut *tx).await?;
    }
    Ok(changed == 1)
}

async fn fail_in(tx: &mut Tx, claim: &Claim, failure: &Failure) -> Result<Outcome, StoreError> {
    let Some(delay) = failure.retry_after else {
        return settle::bury(tx, claim, failure).await;
    };
    if !hand_back(tx, claim, 1, delay).await? {
        return Ok(Outcome::Fenced);
    }
    let told = json!({
        "stage": claim.stage, "subject_id": claim.subject_id, "attempt": claim.attempt,
        "reason": failure.reason, "detail": failure.detail, "retry_in_ms": delay.as_millis() as u64,
    });
    if let Some(job) = claim.job() {
        events::record(tx, &[(job, EventType::AttemptFailed, told)]).await?;
    }
    events::send_hints(tx, &[Hint::again(claim, delay)]).await?;
    Ok(Outcome::Committed)
}
