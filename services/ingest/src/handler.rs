use crate::{admit, plan, subjects};
use cavendish_blobs::Blobs;
use cavendish_conveyor::{Handler, HandlerError, Turn};
use cavendish_domain::{Brief, Stage};
use cavendish_messages::Envelope;
use cavendish_store::{Outcome, PlanCommit, Store, StoreError};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// Ingest as a stage of the conveyor.
#[derive(Debug, Clone)]
pub struct IngestHandler {
    store: Store,
    blobs: Arc<Blobs>,
}

/// What the ingest claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    brief: Brief,
}

impl IngestHandler {
    /// A handler on these servers.
    #[must_use]
    pub fn new(store: Store, blobs: Arc<Blobs>) -> Self {
        Self { store, blobs }
    }
}

impl Handler for IngestHandler {
    const STAGE: Stage = Stage::Ingest;
    type Input = Input;
    type Output = PlanCommit;

    async fn admit(&self, event: &Envelope) -> Result<Uuid, HandlerError> {
        admit::admit(&self.store, &*self.blobs, event).await
    }

    async fn work(&self, turn: &Turn<Input>) -> Result<PlanCommit, HandlerError> {
        let brief = &turn.input.brief;
        let prepared = subjects::prepare(&*self.blobs, &turn.claim, brief).await?;
        let shots = plan::plan(turn.claim.job_id, brief, prepared.first());
        let subjects = prepared.into_iter().map(|subject| subject.stored).collect();
        Ok(PlanCommit { claim: turn.claim.clone(), shots, subjects, traceparent: turn.traceparent.clone() })
    }

    async fn commit(&self, batch: &[PlanCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit_plans(batch).await
    }
}
