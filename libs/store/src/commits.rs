//! What each stage commits: its result, its state changes and its outgoing events in one transaction per batch.

mod handed;
mod held;

use crate::claims::{Claim, Outcome};
use crate::events::{self, Hint};
use crate::subjects;
use crate::transaction::Tx;
use crate::{Store, StoreError, settle};
use cavendish_domain::{AssetId, JobId, Lane, ShotId, Stage, TenantId};
use cavendish_messages::EventType;
pub use handed::{FinishCommit, NewAsset, NewRender, PlanCommit, PlannedShot, RenderCommit};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

impl Store {
    /// Commits plans: shots, their claims and events. The answers are in the order of `plans`.
    ///
    /// # Errors
    /// As the database says; then nothing of the batch is in.
    pub async fn commit_plans(&self, plans: &[PlanCommit]) -> Result<Vec<Outcome>, StoreError> {
        let mut tx = self.begin().await?;
        let won = win(&mut tx, Stage::Ingest, plans.iter().map(|plan| &plan.claim)).await?;
        let ids: Vec<Uuid> = won.iter().copied().collect();
        let (held, whys): (Vec<Uuid>, Vec<&str>) =
            plans.iter().filter_map(|plan| Some((plan.claim.subject_id, plan.held.as_deref()?))).unzip();
        let sql = "UPDATE jobs j SET state = CASE WHEN h.id IS NULL THEN 'rendering' ELSE 'held' END, error = h.why
                   FROM unnest($1::uuid[]) AS won(id) LEFT JOIN unnest($2::uuid[], $3::text[]) AS h(id, why) USING (id)
                   WHERE j.id = won.id AND j.state = 'planning' RETURNING j.id";
        let moved = sqlx::query_scalar::<_, Uuid>(sql).bind(ids).bind(held).bind(whys).fetch_all(&mut *tx).await?;
        let moved: HashSet<Uuid> = moved.into_iter().collect();
        let taken: Vec<&PlanCommit> = plans.iter().filter(|plan| moved.contains(&plan.claim.subject_id)).collect();
        insert_shots(&mut tx, &taken).await?;
        for plan in &taken {
            for subject in &plan.subjects {
                subjects::insert(&mut tx, &plan.claim, subject).await?;
            }
        }
        let history: Vec<_> = taken
            .iter()
            .map(|plan| (plan.claim.job_id, EventType::JobPlanned, json!({"shots": plan.shots.len()})))
            .collect();
        events::record(&mut tx, &history).await?;
        let (held, free): (Vec<&PlanCommit>, Vec<&PlanCommit>) = taken.iter().partition(|plan| plan.held.is_some());
        held::tell(&mut tx, &held).await?;
        for stage in [Stage::Render, Stage::Postprocess] {
            hand_on(&mut tx, stage, free.iter().flat_map(|plan| plan.bound_for(stage)).collect()).await?;
        }
        let rendered = taken.iter().filter(|plan| plan.shots.iter().all(|shot| shot.render.is_some()));
        settle::settle_jobs(&mut tx, &rendered.map(|plan| plan.claim.subject_id).collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(outcomes(plans.iter().map(|plan| &plan.claim), &moved))
    }

    /// Commits renders. The answers are in the order of `renders`.
    ///
    /// # Errors
    /// As the database says; then nothing of the batch is in.
    pub async fn commit_renders(&self, renders: &[RenderCommit]) -> Result<Vec<Outcome>, StoreError> {
        let mut tx = self.begin().await?;
        let won = win(&mut tx, Stage::Render, renders.iter().map(|commit| &commit.claim)).await?;
        let taken: Vec<&RenderCommit> = renders.iter().filter(|r| won.contains(&r.claim.subject_id)).collect();
        let jobs = lock_jobs_of(&mut tx, taken.iter().map(|commit| &commit.claim)).await?;
        move_shots(&mut tx, &won, "rendering", "rendered").await?;
        insert_renders(&mut tx, taken.iter().map(|commit| render_row(commit)).collect()).await?;
        let next = taken.iter().map(|r| Bound::of(&r.claim, ShotId(r.claim.subject_id), r.traceparent.clone()));
        hand_on(&mut tx, Stage::Postprocess, next.collect()).await?;
        let history: Vec<_> = taken.iter().map(|r| (r.claim.job_id, EventType::ShotRendered, render_row(r))).collect();
        events::record(&mut tx, &history).await?;
        settle::settle_jobs(&mut tx, &jobs).await?;
        tx.commit().await?;
        Ok(outcomes(renders.iter().map(|commit| &commit.claim), &won))
    }

    /// Commits assets; the last one completes its job. The answers are in the order of `finishes`.
    ///
    /// # Errors
    /// As the database says; then nothing of the batch is in.
    pub async fn commit_finishes(&self, finishes: &[FinishCommit]) -> Result<Vec<Outcome>, StoreError> {
        let mut tx = self.begin().await?;
        let won = win(&mut tx, Stage::Postprocess, finishes.iter().map(|commit| &commit.claim)).await?;
        let taken: Vec<&FinishCommit> = finishes.iter().filter(|f| won.contains(&f.claim.subject_id)).collect();
        let jobs = lock_jobs_of(&mut tx, taken.iter().map(|commit| &commit.claim)).await?;
        insert_assets(&mut tx, &taken).await?;
        move_shots(&mut tx, &won, "finishing", "finished").await?;
        let told = |f: &&FinishCommit| json!({"shot_id": f.claim.subject_id, "assets": f.assets.len()});
        let history: Vec<_> = taken.iter().map(|f| (f.claim.job_id, EventType::ShotFinished, told(f))).collect();
        events::record(&mut tx, &history).await?;
        settle::settle_jobs(&mut tx, &jobs).await?;
        tx.commit().await?;
        Ok(outcomes(finishes.iter().map(|commit| &commit.claim), &won))
    }
}

impl PlanCommit {
    /// Its shots that go to this stage next.
    fn bound_for(&self, stage: Stage) -> impl Iterator<Item = Bound> {
        let rendered = stage == Stage::Postprocess;
        let shots = self.shots.iter().filter(move |shot| shot.render.is_some() == rendered);
        shots.map(|shot| Bound::of(&self.claim, shot.id, self.traceparent.clone()))
    }
}

/// Ends the claims that still stand; what is missing from the answer was fenced.
pub(crate) async fn win<'a>(
    tx: &mut PgConnection,
    stage: Stage,
    claims: impl Iterator<Item = &'a Claim>,
) -> Result<HashSet<Uuid>, StoreError> {
    let (subjects, attempts): (Vec<Uuid>, Vec<i32>) = claims.map(|claim| (claim.subject_id, claim.attempt)).unzip();
    let sql = "WITH mine AS (
            SELECT c.subject_id FROM claims c
            JOIN unnest($2::uuid[], $3::int[]) AS d(subject_id, attempt) USING (subject_id, attempt)
            WHERE c.stage = $1 AND c.state = 'held' ORDER BY c.subject_id FOR UPDATE OF c
        )
        UPDATE claims c SET state = 'done', owner = NULL, lease_expires_at = NULL, ended_at = now()
        FROM mine WHERE c.stage = $1 AND c.subject_id = mine.subject_id RETURNING c.subject_id";
    let won: Vec<Uuid> =
        sqlx::query_scalar(sql).bind(stage.as_str()).bind(subjects).bind(attempts).fetch_all(tx).await?;
    Ok(won.into_iter().collect())
}

async fn lock_jobs_of<'a>(
    tx: &mut PgConnection,
    claims: impl Iterator<Item = &'a Claim>,
) -> Result<Vec<Uuid>, StoreError> {
    let jobs: HashSet<Uuid> = claims.map(|claim| claim.job_id.uuid()).collect();
    let jobs: Vec<Uuid> = jobs.into_iter().collect();
    settle::lock_jobs(tx, &jobs).await?;
    Ok(jobs)
}

async fn move_shots(tx: &mut PgConnection, shots: &HashSet<Uuid>, from: &str, to: &str) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = shots.iter().copied().collect();
    let sql = "UPDATE shots SET state = $3 WHERE id = ANY($1) AND state = $2";
    sqlx::query(sql).bind(ids).bind(from).bind(to).execute(tx).await?;
    Ok(())
}

/// A shot that is bound for its next stage.
struct Bound {
    job: JobId,
    tenant: TenantId,
    lane: Lane,
    shot: ShotId,
    traceparent: Option<String>,
}

impl Bound {
    /// A shot of the job of `claim`.
    fn of(claim: &Claim, shot: ShotId, traceparent: Option<String>) -> Self {
        Self { job: claim.job_id, tenant: claim.tenant_id, lane: claim.lane, shot, traceparent }
    }
}

/// New claims for the next stage, and the events that call for them.
async fn hand_on(tx: &mut Tx, stage: Stage, next: Vec<Bound>) -> Result<(), StoreError> {
    if next.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = next
        .iter()
        .map(|Bound { job, tenant, lane, shot, .. }| {
            json!({"subject_id": shot, "job_id": job, "tenant_id": tenant, "lane": lane})
        })
        .collect();
    // A replayed plan finds the claims of its shots from before: they start over.
    let sql = "INSERT INTO claims (stage, subject_id, job_id, tenant_id, lane)
               SELECT $1, subject_id, job_id, tenant_id, lane
               FROM jsonb_to_recordset($2) AS r(subject_id uuid, job_id uuid, tenant_id uuid, lane text)
               ON CONFLICT (stage, subject_id) DO UPDATE SET state = 'waiting', enqueued_at = now(), announced_at = now(), ended_at = NULL";
    sqlx::query(sql).bind(stage.as_str()).bind(Value::Array(rows)).execute(&mut **tx).await?;
    let hint = |next: Bound| Hint::shot(stage, next.job, next.shot, next.lane, next.traceparent);
    let hints: Vec<Hint> = next.into_iter().map(hint).collect();
    events::send_hints(tx, &hints).await
}

async fn insert_shots(tx: &mut PgConnection, plans: &[&PlanCommit]) -> Result<(), StoreError> {
    let rows: Vec<Value> = plans
        .iter()
        .flat_map(|plan| {
            plan.shots.iter().enumerate().map(|(index, shot)| {
                let state = if shot.render.is_some() { "rendered" } else { "queued" };
                json!({"id": shot.id, "job_id": plan.claim.job_id, "tenant_id": plan.claim.tenant_id,
                       "index": index, "state": state, "request": shot.request})
            })
        })
        .collect();
    let sql = "INSERT INTO shots (id, job_id, tenant_id, index, state, request)
               SELECT id, job_id, tenant_id, index, state, request FROM jsonb_to_recordset($1)
               AS r(id uuid, job_id uuid, tenant_id uuid, index integer, state text, request jsonb)";
    sqlx::query(sql).bind(Value::Array(rows)).execute(&mut *tx).await?;
    let renders = plans.iter().flat_map(|plan| &plan.shots).filter_map(|shot| {
        let mut row = json!(shot.render.as_ref()?);
        row["shot_id"] = json!(shot.id);
        Some(row)
    });
    insert_renders(tx, renders.collect()).await
}

fn render_row(commit: &RenderCommit) -> Value {
    let NewRender { blob_key, model, seed, steps, width, height, made, consistency, report } = &commit.render;
    // Postgres has no unsigned 64-bit integers: the bits are kept, read back the same way.
    json!({"shot_id": commit.claim.subject_id, "attempt": commit.claim.attempt, "blob_key": blob_key, "model": model,
           "seed": *seed as i64, "steps": steps, "width": width, "height": height, "made": made,
           "consistency": consistency, "report": report})
}

async fn insert_renders(tx: &mut PgConnection, rows: Vec<Value>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql =
        "INSERT INTO renders (shot_id, attempt, blob_key, model, seed, steps, width, height, made, consistency, report)
               SELECT shot_id, attempt, blob_key, model, seed, steps, width, height, made, consistency, report
               FROM jsonb_to_recordset($1) AS r(shot_id uuid, attempt integer, blob_key text, model text, seed bigint,
                                                steps integer, width integer, height integer, made jsonb,
                                                consistency real, report jsonb)";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

async fn insert_assets(tx: &mut PgConnection, finishes: &[&FinishCommit]) -> Result<(), StoreError> {
    let rows: Vec<Value> =
        finishes.iter().flat_map(|f| f.assets.iter().map(|asset| asset_row(&f.claim, asset))).collect();
    let sql = "INSERT INTO assets (id, job_id, shot_id, tenant_id, deliverable, spec, variant, blob_key, width, height,
                                   bytes, mime, compliant, consistency, below_consistency, report)
               SELECT id, job_id, shot_id, tenant_id, deliverable, spec, variant, blob_key, width, height, bytes, mime,
                      compliant, consistency, below_consistency, report
               FROM jsonb_to_recordset($1) AS r(id uuid, job_id uuid, shot_id uuid, tenant_id uuid,
                    deliverable integer, spec text, variant integer, blob_key text, width integer, height integer,
                    bytes bigint, mime text, compliant boolean, consistency real, below_consistency boolean, report jsonb)";
    sqlx::query(sql).bind(Value::Array(rows)).execute(tx).await?;
    Ok(())
}

fn asset_row(claim: &Claim, asset: &NewAsset) -> Value {
    let NewAsset { deliverable, spec, variant, blob_key, width, height, bytes, mime, compliant, .. } = asset;
    let NewAsset { consistency, below_consistency, report, .. } = asset;
    json!({"id": AssetId::new(), "job_id": claim.job_id, "shot_id": claim.subject_id, "tenant_id": claim.tenant_id,
           "deliverable": deliverable, "spec": spec, "variant": variant, "blob_key": blob_key, "width": width, "height": height, "bytes": bytes, "mime": mime,
           "compliant": compliant, "consistency": consistency, "below_consistency": below_consistency,
           "report": report})
}

pub(crate) fn outcomes<'a>(claims: impl Iterator<Item = &'a Claim>, won: &HashSet<Uuid>) -> Vec<Outcome> {
    claims.map(|claim| if won.contains(&claim.subject_id) { Outcome::Committed } else { Outcome::Fenced }).collect()
}
