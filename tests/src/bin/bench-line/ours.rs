//! The conveyor: three stage processes, and jobs accepted as the gateway accepts them.

use crate::contest::{Contender, Sample, run};
use crate::{Args, STAGE_VARIABLE, Side};
use anyhow::{Context, Result};
use cavendish_conveyor::Relay;
use cavendish_domain::{Brief, JobId, TenantId};
use cavendish_service_kit::CancellationToken;
use cavendish_store::{NewJob, Store};
use cavendish_testkit::TestWorld;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use std::process::{Child, Command, Stdio};

/// Briefs being accepted at once, as many as the gateway has database connections by default.
const ACCEPTING: usize = 10;

/// A stage's process; ended when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Its world goes with it, so there is nothing to drain.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Ours {
    store: Store,
    brief: Brief,
}

/// One round in a world of its own.
pub(crate) async fn round(args: &Args) -> Result<Sample> {
    let world = TestWorld::create().await?;
    let store = Store::connect(&world.database_url, ACCEPTING as u32).await?;
    let stop = CancellationToken::new();
    let (_relay, relaying) = Relay::start(store.clone(), world.amqp_url.clone(), stop.clone());
    let brief = serde_json::from_value(json!({"prompt": "a pear", "deliverables": ["tiktok-square"], "seed": 7}))?;
    let stages = ["ingest", "render", "postprocess"].map(|stage| start(&world, stage, args));
    let stages = stages.into_iter().collect::<Result<Vec<_>>>()?;
    let sample = run(Side::Ours, &mut Ours { store: store.clone(), brief }, args).await;
    drop(stages);
    stop.cancel();
    relaying.await?;
    store.close().await;
    sample
}

fn start(world: &TestWorld, stage: &str, args: &Args) -> Result<Process> {
    let blobs = &world.blobs_config;
    let concurrency = args.concurrency.to_string();
    let section = stage.to_uppercase();
    let child = Command::new(std::env::current_exe()?)
        .env(STAGE_VARIABLE, stage)
        .env("CAVENDISH_STACK", "")
        .env("CAVENDISH_DATABASE_URL", &world.database_url)
        .env("CAVENDISH_AMQP_URL", &world.amqp_url)
        .env("CAVENDISH_S3_ENDPOINT", blobs.endpoint.as_deref().unwrap_or_default())
        .env("CAVENDISH_S3_REGION", &blobs.region)
        .env("CAVENDISH_S3_BUCKET", &blobs.bucket)
        .env("CAVENDISH_S3_ACCESS_KEY_ID", &blobs.access_key_id)
        .env("CAVENDISH_S3_SECRET_ACCESS_KEY", &blobs.secret_access_key)
        .env(format!("CAVENDISH_{section}__CONCURRENCY"), &concurrency)
        .env(format!("CAVENDISH_{section}__COMMIT_BATCH"), &concurrency)
        .env("CAVENDISH_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start the stage {stage}"))?;
    Ok(Process(child))
}

impl Contender for Ours {
    async fn submit(&mut self, jobs: &[JobId]) -> Result<()> {
        let Self { store, brief } = self;
        let accept = async |id: &JobId| {
            let job = NewJob {
                id: *id,
                tenant_id: TenantId::DEFAULT,
                tenant: "default".into(),
                brief: brief.clone(),
                idempotency_key: None,
                traceparent: None,
            };
            store.accept(&job).await?;
            anyhow::Ok(())
        };
        stream::iter(jobs).map(accept).buffer_unordered(ACCEPTING).try_collect::<()>().await
    }

    fn store(&self) -> &Store {
        &self.store
    }
}
