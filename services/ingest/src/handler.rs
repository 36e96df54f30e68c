use crate::plan::{self, Circumstances, Deadline};
use crate::{admit, subjects};
use cavendish_blobs::Blobs;
use cavendish_conveyor::{Handler, HandlerError, Turn};
use cavendish_domain::{Brief, JobId, ShotId, ShotRequest, Stage};
use cavendish_intake::Known;
use cavendish_messages::Envelope;
use cavendish_renderer::Vision;
use cavendish_store::{Outcome, PlanCommit, PlannedShot, RenderedShot, Store, StoreError};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// Ingest as a stage of the conveyor.
#[derive(Clone)]
pub struct IngestHandler {
    store: Store,
    blobs: Arc<Blobs>,
    known: Known,
    vision: Arc<dyn Vision>,
}

/// What the ingest claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    brief: Brief,
    /// Milliseconds to the deadline when the claim was had; negative when it is past.
    #[serde(default)]
    left_ms: Option<f64>,
}

impl IngestHandler {
    /// A handler on these servers, for briefs that name what is known, that cuts subjects out with `vision`.
    #[must_use]
    pub fn new(store: Store, blobs: Arc<Blobs>, known: Known, vision: Arc<dyn Vision>) -> Self {
        Self { store, blobs, known, vision }
    }

    /// The shots of an earlier job with their renders, for this job's deliverables.
    async fn finish_anew(&self, turn: &Turn<Input>, earlier: JobId) -> Result<PlanCommit, HandlerError> {
        let (claim, traceparent) = (turn.claim.clone(), turn.traceparent.clone());
        let found = self.store.rendered_shots(claim.tenant_id, earlier).await?;
        let deliverables: Vec<usize> = (0..turn.input.brief.deliverables.len()).collect();
        let shots = (0..).zip(found).map(|(index, RenderedShot { request, render })| PlannedShot {
            id: ShotId::of_job(claim.job_id, index),
            request: ShotRequest { deliverables: deliverables.clone(), ..request },
            render: Some(render),
        });
        Ok(PlanCommit { shots: shots.collect(), claim, subjects: vec![], held: None, traceparent })
    }

    /// What waits besides this job, when there is a deadline to be met.
    async fn deadline(&self, input: &Input, began: Instant) -> Result<Option<Deadline>, StoreError> {
        let Some(left_ms) = input.left_ms else { return Ok(None) };
        // The job itself is counted as long as it is not planned.
        let backlog = self.store.backlog().await?.without(input.brief.lane, u64::from(input.brief.variants));
        Ok(Some(Deadline { left: left_ms / 1e3 - began.elapsed().as_secs_f64(), backlog }))
    }
}

impl Handler for IngestHandler {
    const STAGE: Stage = Stage::Ingest;
    type Input = Input;
    type Output = PlanCommit;

    async fn admit(&self, event: &Envelope) -> Result<Uuid, HandlerError> {
        admit::admit(&self.store, &*self.blobs, &self.known, event).await
    }

    async fn work(&self, turn: &Turn<Input>) -> Result<PlanCommit, HandlerError> {
        let (brief, began) = (&turn.input.brief, Instant::now());
        if let Some(earlier) = brief.renders_of {
            return self.finish_anew(turn, earlier).await;
        }
        let prepared = subjects::prepare(&self.store, &*self.blobs, &*self.vision, &turn.claim, brief).await?;
        let held = subjects::doubt(brief.on_doubt, &prepared)?;
        let outlook = self.store.outlook().await?;
        let (specs, deadline) = (self.known.specs.of(&turn.claim.tenant), self.deadline(&turn.input, began).await?);
        let under = Circumstances { specs, outlook: &outlook, deadline };
        let (shown, subjects): (Vec<_>, Vec<_>) =
            prepared.into_iter().map(|subject| (subject.shown, subject.stored)).unzip();
        let shots = plan::plan(turn.claim.job_id, brief, &shown, &under)?;
        Ok(PlanCommit { claim: turn.claim.clone(), shots, subjects, held, traceparent: turn.traceparent.clone() })
    }

    async fn commit(&self, batch: &[PlanCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit_plans(batch).await
    }
}
