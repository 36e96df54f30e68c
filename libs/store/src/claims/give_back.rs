//! Letting go of claims without a result: given back, failed, or lost with their workers.

use super::{Claim, ClaimRow, Failure, Outcome, Reaped};
use crate::events::{self, Hint};
use crate::settle;
use crate::transaction::Tx;
use crate::{Store, StoreError};
use cavendish_domain::Stage;
use cavendish_messages::EventType;
use serde_json::json;
use sqlx::{FromRow, PgConnection};
use std::time::Duration;
use uuid::Uuid;

#[derive(FromRow)]
struct ReapRow {
    #[sqlx(flatten)]
    claim: ClaimRow,
    begun: bool,
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
