//! The line end to end: real processes, real RabbitMQ, PostgreSQL and S3. One binary, so that it links once.

mod adaptive;
mod bad_input;
mod chaos;
mod faults;
mod identity;
mod line;
mod outpaint;
mod python;
mod retention;
mod subjects;
mod telemetry;

use anyhow::Result;
use cavendish_domain::{JobId, JobState, TenantId};
use cavendish_store::{JobView, Store};
use cavendish_testkit::{TestWorld, wait_until};
use cavendish_tests::{Fleet, Producer};
use std::time::Duration;

/// Long enough for a busy machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(90);

/// A world with nothing started in it yet.
struct Scene {
    world: TestWorld,
    store: Store,
    fleet: Fleet,
}

impl Scene {
    async fn new() -> Result<Self> {
        let world = TestWorld::create().await?;
        let (store, fleet) = (world.store().await?, Fleet::new(&world)?);
        Ok(Self { world, store, fleet })
    }

    fn producer(&self) -> Producer<'_> {
        Producer::new(&self.world)
    }

    async fn request(&self, event_id: &str, brief: &serde_json::Value) -> JobId {
        self.producer().request(event_id, brief).await
    }

    async fn state(&self, job: JobId) -> Option<JobState> {
        self.store.job_state(TenantId::DEFAULT, job).await.ok()
    }

    async fn wait_for(&self, job: JobId, state: JobState) {
        let what = format!("job {job} to be {state}");
        wait_until(&what, PATIENCE, async || {
            let now = self.state(job).await;
            assert!(now == Some(state) || !now.is_some_and(JobState::is_settled), "{now:?} instead of {state}");
            now == Some(state)
        })
        .await;
    }

    async fn view(&self, job: JobId) -> Result<JobView> {
        Ok(self.store.job(TenantId::DEFAULT, job).await?)
    }

    /// How often an event is in a job's history.
    async fn told(&self, job: JobId, event: &str) -> Result<usize> {
        let history = self.store.history(TenantId::DEFAULT, job, 0).await?;
        Ok(history.iter().filter(|entry| entry.event == event).count())
    }

    async fn wait_for_empty_outbox(&self) {
        wait_until("the outbox to empty", PATIENCE, async || matches!(self.store.outbox_len().await, Ok(0))).await;
    }
}
