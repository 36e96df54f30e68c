use crate::finish::{Finished, finish};
use crate::scene::Scene;
use cavendish_blobs::{BlobStore, Blobs};
use cavendish_conveyor::{Handler, HandlerError, Turn};
use cavendish_domain::{BlobKey, Brief, Method, ShotId, ShotRequest, Stage};
use cavendish_imaging::{Limits, Marking, Metadata, decode};
use cavendish_service_kit::{blob_error, blocking};
use cavendish_specs::Catalogue;
use cavendish_store::{FinishCommit, NewAsset, Outcome, RenderRow, Store, StoreError};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes of a stored render or cut-out, at most.
const MAX_SOURCE_BYTES: u64 = 64 * 1024 * 1024;

/// Postprocess as a stage of the conveyor.
#[derive(Debug, Clone)]
pub struct PostprocessHandler {
    store: Store,
    blobs: Arc<Blobs>,
}

/// What the postprocess claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    brief: Brief,
    request: ShotRequest,
    render: RenderRow,
}

impl PostprocessHandler {
    /// A handler on these servers.
    #[must_use]
    pub fn new(store: Store, blobs: Arc<Blobs>) -> Self {
        Self { store, blobs }
    }

    /// The pixels that the assets are made from: the subject's cut-out, or the render.
    async fn scene(&self, input: &Input) -> Result<Scene, HandlerError> {
        let key = match &input.request.method {
            Method::Draw => input.render.blob_key.clone(),
            Method::Compose { cutout, .. } => cutout.to_string(),
        };
        let key: BlobKey =
            serde_json::from_value(key.into()).map_err(|error| HandlerError::permanent("unreadable_input", error))?;
        let bytes = self.blobs.get(&key, MAX_SOURCE_BYTES).await.map_err(blob_error)?;
        let request = input.request.clone();
        blocking(move || Scene::new(&decode(&bytes, &Limits::default())?, &request))
            .await?
            .map_err(|error| HandlerError::permanent("unreadable_render", error))
    }

    async fn upload(&self, turn: &Turn<Input>, place: usize, finished: Finished) -> Result<NewAsset, HandlerError> {
        let claim = &turn.claim;
        let Finished { spec, file, width, height, compliant, report } = finished;
        let (shot, extension) = (ShotId(claim.subject_id), file.format.extension());
        let key = BlobKey::asset(claim.tenant_id, claim.job_id, shot, claim.attempt, place, &spec, extension);
        let (bytes, mime) = (file.bytes.len() as u64, file.mime);
        self.blobs.put_new(&key, file.bytes.into(), mime).await.map_err(blob_error)?;
        let variant = turn.input.request.variant;
        let mime = mime.to_owned();
        Ok(NewAsset { deliverable: place, spec, variant, blob_key: key, width, height, bytes, mime, compliant, report })
    }
}

impl Handler for PostprocessHandler {
    const STAGE: Stage = Stage::Postprocess;
    type Input = Input;
    type Output = FinishCommit;

    async fn work(&self, turn: &Turn<Input>) -> Result<FinishCommit, HandlerError> {
        let input = &turn.input;
        let scene = Arc::new(self.scene(input).await?);
        let metadata = metadata(turn);
        let mut assets = Vec::with_capacity(input.request.deliverables.len());
        for &place in &input.request.deliverables {
            let wanted = input.brief.deliverables.get(place).map(|deliverable| deliverable.spec.as_str());
            let spec = Catalogue::builtin().get(wanted.unwrap_or_default()).map_err(|error| {
                HandlerError::permanent("unknown_spec", format!("deliverables[{place}].spec: {error}"))
            })?;
            let (scene, metadata) = (scene.clone(), metadata.clone());
            let finished = blocking(move || finish(&scene, spec, &metadata))
                .await?
                .map_err(|error| HandlerError::permanent("finish", format!("{}: {error}", spec.id)))?;
            assets.push(self.upload(turn, place, finished).await?);
        }
        Ok(FinishCommit { claim: turn.claim.clone(), assets })
    }

    async fn commit(&self, batch: &[FinishCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit_finishes(batch).await
    }
}

/// What every file of the shot says of itself.
fn metadata(turn: &Turn<Input>) -> Metadata {
    let Input { request, render, .. } = &turn.input;
    let (marking, model) = match request.method {
        Method::Draw => (Marking::TrainedAlgorithmicMedia, Some(render.model.clone())),
        // The subject's own pixels on a computed backdrop: no model drew any of it.
        Method::Compose { .. } => (Marking::Composite, None),
    };
    let hash = Sha256::digest(request.prompt.as_bytes());
    Metadata {
        marking: Some(marking),
        creator_tool: Some(concat!("Cavendish ", env!("CARGO_PKG_VERSION")).into()),
        model,
        seed: Some(request.seed),
        prompt_hash: Some(hash.iter().map(|byte| format!("{byte:02x}")).collect()),
        job: Some(turn.claim.job_id.to_string()),
    }
}
