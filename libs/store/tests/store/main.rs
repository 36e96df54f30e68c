//! The store against a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod adaptive;
mod profiles;

use anyhow::Result;
use cavendish_domain::{
    BlobKey, Brief, JobId, JobState, Keeping, Made, Method, OwnerId, ShotId, ShotRequest, ShotState, Stage, TenantId,
};
use cavendish_store::{
    Claim, Failure, NewJob, NewRender, Outcome, PlanCommit, PlannedShot, RenderCommit, Store, StoreError,
};
use cavendish_testkit::TestDatabase;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(30);

struct World {
    store: Store,
    database: TestDatabase,
}

impl World {
    async fn new() -> Result<Self> {
        let database = TestDatabase::create().await?;
        Ok(Self { store: Store::connect(&database.url(), 4).await?, database })
    }

    async fn accept(&self) -> Result<JobId> {
        self.accept_brief(json!({"prompt": "cup", "deliverables": ["x-square"], "seed": 1})).await
    }

    async fn accept_brief(&self, brief: serde_json::Value) -> Result<JobId> {
        let id = JobId::new();
        let brief: Brief = serde_json::from_value(brief)?;
        let tenant = "default".into();
        let job = NewJob { id, tenant_id: TenantId::DEFAULT, tenant, brief, idempotency_key: None, traceparent: None };
        Ok(self.store.accept(&job).await?.job_id)
    }

    async fn claim(&self, stage: Stage, subject: uuid::Uuid) -> Result<Claim> {
        let mut works = self.store.acquire(stage, &[subject], OwnerId::new(), LEASE).await?;
        Ok(works.pop().expect("the work waits").claim)
    }

    /// A job whose one shot waits for render.
    async fn planned(&self) -> Result<(JobId, ShotId)> {
        let job = self.accept().await?;
        let claim = self.claim(Stage::Ingest, job.uuid()).await?;
        assert_eq!(self.store.commit_plans(&[plan(claim)]).await?, [Outcome::Committed]);
        Ok((job, ShotId::of_job(job, 0)))
    }
}

fn plan(claim: Claim) -> PlanCommit {
    let request = ShotRequest {
        variant: 0,
        prompt: "cup".into(),
        seed: u64::MAX,
        width: 64,
        height: 64,
        steps: None,
        method: Method::Draw,
        subjects: vec![],
        keeping: Keeping::default(),
        instead: None,
        deliverables: vec![0],
        outpaint: None,
        decision: None,
    };
    let shots = vec![PlannedShot { id: ShotId::of_job(claim.job_id, 0), request, render: None }];
    PlanCommit { claim, shots, subjects: vec![], held: None, traceparent: None }
}

fn render(claim: Claim) -> RenderCommit {
    let blob_key = BlobKey::render(claim.tenant_id, claim.job_id, ShotId(claim.subject_id), claim.attempt);
    let (model, seed, report) = ("fake".into(), u64::MAX, json!({}));
    let (made, consistency) = (Made::Draw { outpainted: None }, None);
    let render = NewRender { blob_key, model, seed, steps: 4, width: 64, height: 64, made, consistency, report };
    RenderCommit { claim, render, traceparent: None }
}

#[tokio::test]
async fn the_state_machines_in_sql_are_those_in_rust() -> Result<()> {
    let world = World::new().await?;
    let mut connection = PgConnection::connect(&world.database.url()).await?;
    let mut in_sql: Vec<(String, String, String)> =
        sqlx::query_as("SELECT machine, from_state, to_state FROM transitions").fetch_all(&mut connection).await?;
    let jobs = JobState::ALL.iter().flat_map(|from| {
        JobState::ALL.iter().filter(|to| from.may_become(**to)).map(move |to| ("jobs", from.as_str(), to.as_str()))
    });
    let shots = ShotState::ALL.iter().flat_map(|from| {
        ShotState::ALL.iter().filter(|to| from.may_become(**to)).map(move |to| ("shots", from.as_str(), to.as_str()))
    });
    let mut in_rust: Vec<(String, String, String)> =
        jobs.chain(shots).map(|(machine, from, to)| (machine.into(), from.into(), to.into())).collect();
    in_sql.sort();
    in_rust.sort();
    assert_eq!(in_sql, in_rust);
    Ok(())
}

#[tokio::test]
async fn an_impossible_transition_is_refused_by_the_database_itself() -> Result<()> {
    let world = World::new().await?;
    let job = world.accept().await?;
    let mut connection = PgConnection::connect(&world.database.url()).await?;
    let sql = "UPDATE jobs SET state = 'completed' WHERE id = $1";
    let error = sqlx::query(sql).bind(job.uuid()).execute(&mut connection).await.unwrap_err().to_string();
    assert!(error.contains("queued may not become completed"), "{error}");
    Ok(())
}

#[tokio::test]
async fn one_worker_gets_a_claim_and_only_its_attempt_commits() -> Result<()> {
    let world = World::new().await?;
    let (job, shot) = world.planned().await?;
    let first = world.claim(Stage::Render, shot.uuid()).await?;
    let rivals = world.store.acquire(Stage::Render, &[shot.uuid()], OwnerId::new(), LEASE).await?;
    assert!(rivals.is_empty(), "the claim is held");
    assert_eq!(world.store.release(&first).await?, Outcome::Committed);
    let second = world.claim(Stage::Render, shot.uuid()).await?;
    assert_eq!((second.attempt, second.failures), (2, 0), "a release burns nothing but the token");

    // In one batch: the fenced attempt changes nothing, another job's render goes in.
    let (_, other) = world.planned().await?;
    let third = world.claim(Stage::Render, other.uuid()).await?;
    let outcomes = world.store.commit_renders(&[render(first.clone()), render(third)]).await?;
    assert_eq!(outcomes, [Outcome::Fenced, Outcome::Committed]);
    assert_eq!(world.store.commit_renders(&[render(second.clone())]).await?, [Outcome::Committed]);
    assert_eq!(world.store.commit_renders(&[render(second)]).await?, [Outcome::Fenced], "once is enough");
    let view = world.store.job(TenantId::DEFAULT, job).await?;
    let stored = view.shots[0].render.as_ref().unwrap();
    assert_eq!((stored.0.attempt, stored.0.seed.cast_unsigned()), (2, u64::MAX));
    Ok(())
}

#[tokio::test]
async fn a_lease_that_runs_out_is_a_failure_and_the_last_one_a_dead_letter() -> Result<()> {
    let world = World::new().await?;
    let (job, shot) = world.planned().await?;
    for attempt in 1..=2 {
        let owner = OwnerId::new();
        let works = world.store.acquire(Stage::Render, &[shot.uuid()], owner, Duration::ZERO).await?;
        assert_eq!(works[0].claim.attempt, attempt);
        let reaped = world.store.reap(Stage::Render, 2).await?;
        assert_eq!(reaped[0].buried, attempt == 2);
        // The sleeper's heartbeat learns that it is too late.
        assert!(world.store.heartbeat(Stage::Render, owner, &[(shot.uuid(), attempt)], LEASE).await?.is_empty());
    }
    assert_eq!(world.store.job_state(TenantId::DEFAULT, job).await?, JobState::Failed);
    let letter = world.store.dead_letters(false, 10).await?.remove(0);
    assert_eq!((letter.reason.as_str(), letter.failures), ("worker_lost", 2));
    world.store.discard(letter.id).await?;
    assert!(matches!(world.store.replay(letter.id).await, Err(StoreError::Conflict(_))));
    Ok(())
}

#[tokio::test]
async fn a_cancelled_job_takes_no_commit_and_other_tenants_see_nothing() -> Result<()> {
    let world = World::new().await?;
    let stranger = world.store.create_tenant("stranger", "Stranger").await?;
    let job = world.accept().await?;
    let claim = world.claim(Stage::Ingest, job.uuid()).await?;
    assert!(matches!(world.store.cancel(stranger, job).await, Err(StoreError::NotFound("job"))));
    assert!(matches!(world.store.job(stranger, job).await, Err(StoreError::NotFound("job"))));
    assert!(world.store.history(stranger, job, 0).await?.is_empty());
    assert_eq!(world.store.cancel(TenantId::DEFAULT, job).await?, JobState::Cancelled);
    assert_eq!(world.store.commit_plans(&[plan(claim.clone())]).await?, [Outcome::Fenced]);
    let failure = Failure { reason: "x".into(), detail: "y".into(), retry_after: None };
    assert_eq!(world.store.fail(&claim, &failure).await?, Outcome::Fenced);
    assert_eq!(world.store.job_state(TenantId::DEFAULT, job).await?, JobState::Cancelled);
    Ok(())
}

#[tokio::test]
async fn retries_wait_in_the_outbox_and_a_leased_row_comes_back() -> Result<()> {
    let world = World::new().await?;
    let job = world.accept().await?;
    let rows = world.store.lease_outbox(10, Duration::ZERO).await?;
    assert_eq!((rows.len(), rows[0].routing_key.as_str()), (1, "job.requested.standard"));
    let again = world.store.lease_outbox(10, LEASE).await?;
    assert_eq!(again[0].id, rows[0].id, "its lease was over at once");
    assert!(world.store.lease_outbox(10, LEASE).await?.is_empty(), "now it is leased");
    world.store.delete_outbox(&[rows[0].id]).await?;
    let claim = world.claim(Stage::Ingest, job.uuid()).await?;
    let failure = Failure { reason: "x".into(), detail: "y".into(), retry_after: Some(Duration::from_secs(3600)) };
    assert_eq!(world.store.fail(&claim, &failure).await?, Outcome::Committed);
    assert!(world.store.lease_outbox(10, LEASE).await?.is_empty(), "not before its time");
    assert_eq!(world.store.outbox_len().await?, 1);
    assert_eq!(world.store.job_state(TenantId::DEFAULT, job).await?, JobState::Queued);
    Ok(())
}
