//! The three stages without their work: what is left is what the line costs. Everything but the handlers is what the
//! services run: configuration, telemetry, relay, conveyor, store.

use anyhow::{Result, bail};
use cavendish_blobs::BlobsConfig;
use cavendish_conveyor::{ConveyorConfig, Handler, HandlerError, Turn};
use cavendish_domain::{BlobKey, Brief, Keeping, Made, Method, ShotId, ShotRequest, Stage};
use cavendish_renderer::{FakeRenderer, RenderRequest, Renderer};
use cavendish_service_kit::{BrokerConfig, CancellationToken, DatabaseConfig, Line};
use cavendish_store::{
    FinishCommit, NewAsset, NewRender, Outcome, PlanCommit, PlannedShot, RenderCommit, Store, StoreError,
};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Side in pixels of what the fake renderer is asked for: next to nothing.
const SIDE: u32 = 8;

#[derive(Debug, Deserialize)]
struct Options {
    database: DatabaseConfig,
    broker: BrokerConfig,
    blobs: BlobsConfig,
    #[serde(default)]
    ingest: ConveyorConfig,
    #[serde(default)]
    render: ConveyorConfig,
    #[serde(default)]
    postprocess: ConveyorConfig,
}

/// Runs this process as `stage` until it is told to stop.
pub(crate) fn run(stage: &str) -> ExitCode {
    let stage = stage.to_owned();
    cavendish_service_kit::run("bench-line", async move |options: Options, kit| {
        serve(&stage, options, kit.shutdown.token()).await
    })
}

async fn serve(stage: &str, options: Options, stop: CancellationToken) -> Result<()> {
    let line = Line::connect(&options.database, &options.broker, &options.blobs).await?;
    let store = line.store.clone();
    let running = match stage {
        "ingest" => line.run(Ingest(store), options.ingest, stop),
        "render" => line.run(Render(store, FakeRenderer::default()), options.render, stop),
        "postprocess" => line.run(Postprocess(store), options.postprocess, stop),
        other => bail!("no stage `{other}`"),
    };
    running.drained().await;
    line.close().await;
    Ok(())
}

struct Ingest(Store);

struct Render(Store, FakeRenderer);

struct Postprocess(Store);

#[derive(Deserialize)]
struct Planning {
    brief: Brief,
}

#[derive(Deserialize)]
struct Rendering {
    request: ShotRequest,
}

#[derive(Deserialize)]
struct Finishing {
    brief: Brief,
    request: ShotRequest,
}

impl Handler for Ingest {
    const STAGE: Stage = Stage::Ingest;
    type Input = Planning;
    type Output = PlanCommit;

    async fn work(&self, turn: &Turn<Planning>) -> Result<PlanCommit, HandlerError> {
        let brief = &turn.input.brief;
        let request = ShotRequest {
            variant: 0,
            prompt: brief.prompt.clone(),
            seed: brief.seed.unwrap_or_default(),
            width: SIDE,
            height: SIDE,
            steps: None,
            method: Method::Draw,
            subjects: vec![],
            keeping: Keeping::default(),
            instead: None,
            deliverables: vec![0],
            outpaint: None,
            decision: None,
        };
        let shots = vec![PlannedShot { id: ShotId::of_job(turn.claim.job_id, 0), request, render: None }];
        Ok(PlanCommit {
            claim: turn.claim.clone(),
            shots,
            subjects: vec![],
            held: None,
            traceparent: turn.traceparent.clone(),
        })
    }

    async fn commit(&self, batch: &[PlanCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.0.commit_plans(batch).await
    }
}

impl Handler for Render {
    const STAGE: Stage = Stage::Render;
    type Input = Rendering;
    type Output = RenderCommit;

    async fn work(&self, turn: &Turn<Rendering>) -> Result<RenderCommit, HandlerError> {
        let ShotRequest { prompt, seed, width, height, steps, .. } = turn.input.request.clone();
        let request = RenderRequest { prompt, width, height, steps, seed, ..RenderRequest::default() };
        let drawn = self.1.render(request, Arc::new(|_, _| {}), turn.cancel.clone()).await;
        let drawn = drawn.map_err(|error| HandlerError::permanent("render", error))?;
        let claim = turn.claim.clone();
        let render = NewRender {
            blob_key: BlobKey::render(claim.tenant_id, claim.job_id, ShotId(claim.subject_id), claim.attempt),
            model: drawn.model,
            seed,
            steps: drawn.steps,
            width,
            height,
            made: Made::Draw { outpainted: None },
            consistency: None,
            report: json!({"timing": drawn.timing, "batch": drawn.batch}),
        };
        Ok(RenderCommit { claim, render, traceparent: turn.traceparent.clone() })
    }

    async fn commit(&self, batch: &[RenderCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.0.commit_renders(batch).await
    }
}

impl Handler for Postprocess {
    const STAGE: Stage = Stage::Postprocess;
    type Input = Finishing;
    type Output = FinishCommit;

    async fn work(&self, turn: &Turn<Finishing>) -> Result<FinishCommit, HandlerError> {
        let (claim, request) = (turn.claim.clone(), &turn.input.request);
        let shot = ShotId(claim.subject_id);
        let asset = |place: usize, spec: &str| NewAsset {
            deliverable: place,
            spec: spec.into(),
            variant: request.variant,
            blob_key: BlobKey::asset(claim.tenant_id, claim.job_id, shot, claim.attempt, place, spec, "png"),
            width: request.width,
            height: request.height,
            bytes: 0,
            mime: "image/png".into(),
            compliant: true,
            consistency: None,
            below_consistency: false,
            report: json!({"checks": []}),
        };
        let wanted = turn.input.brief.deliverables.iter().enumerate();
        let assets = wanted.map(|(place, deliverable)| asset(place, &deliverable.spec)).collect();
        Ok(FinishCommit { claim: claim.clone(), assets })
    }

    async fn commit(&self, batch: &[FinishCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.0.commit_finishes(batch).await
    }
}
