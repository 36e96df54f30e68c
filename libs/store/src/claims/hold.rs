//! Taking claims in hand, and keeping them.

use super::{Claim, ClaimRow, SUSPICIOUS, Work};
use crate::{Store, StoreError};
use cavendish_domain::{OwnerId, Stage};
use serde_json::Value;
use sqlx::FromRow;
use std::time::Duration;
use uuid::Uuid;

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
}
