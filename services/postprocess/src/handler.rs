use crate::copy::Typesetter;
use crate::finish::{Finished, finish};
use crate::marked::Finishing;
use crate::scene::Scene;
use crate::source;
use cavendish_blobs::{BlobStore, Blobs};
use cavendish_conveyor::{Handler, HandlerError, Turn};
use cavendish_domain::{BlobKey, Brief, ShotId, ShotRequest, Stage};
use cavendish_imaging::Metadata;
use cavendish_service_kit::{blob_error, blocking};
use cavendish_specs::{Catalogues, Spec};
use cavendish_store::{FinishCommit, NewAsset, Outcome, RenderRow, Store, StoreError};
use cavendish_typesetting::Setting;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Postprocess as a stage of the conveyor.
#[derive(Debug, Clone)]
pub struct PostprocessHandler {
    store: Store,
    blobs: Arc<Blobs>,
    specs: Catalogues,
    finishing: Arc<Finishing>,
    typesetter: Arc<Typesetter>,
}

/// What the postprocess claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    brief: Brief,
    pub(crate) request: ShotRequest,
    pub(crate) render: RenderRow,
}

impl PostprocessHandler {
    /// A handler on these servers, for deliverables of these specs, finished with these means, fonts and brands.
    #[must_use]
    pub(crate) fn new(
        store: Store,
        blobs: Arc<Blobs>,
        specs: Catalogues,
        finishing: Finishing,
        typesetter: Typesetter,
    ) -> Self {
        Self { store, blobs, specs, finishing: Arc::new(finishing), typesetter: Arc::new(typesetter) }
    }

    /// The specs of the shot's deliverables, with their places in the brief.
    fn wanted(&self, turn: &Turn<Input>) -> Result<Vec<(usize, &Spec)>, HandlerError> {
        let (specs, Input { brief, request, .. }) = (self.specs.of(&turn.claim.tenant), &turn.input);
        let spec = |&place: &usize| {
            let wanted = brief.deliverables.get(place).map(|deliverable| deliverable.spec.as_str());
            let spec = specs.get(wanted.unwrap_or_default()).map_err(|error| {
                HandlerError::permanent("unknown_spec", format!("deliverables[{place}].spec: {error}"))
            })?;
            Ok((place, spec))
        };
        request.deliverables.iter().map(spec).collect()
    }

    /// The pixels that the assets are made from: the subjects' cut-outs, or the render.
    async fn scene(&self, input: &Input, packshots: bool) -> Result<Scene, HandlerError> {
        let (source, request) = (source::read(&*self.blobs, input).await?, input.request.clone());
        blocking(move || Scene::new(source, &request, packshots))
            .await?
            .map_err(|error| HandlerError::permanent("unreadable_render", error))
    }

    /// What is set onto the assets.
    async fn setting(&self, turn: &Turn<Input>) -> Result<Option<Setting>, HandlerError> {
        let (typesetter, brief, tenant) =
            (self.typesetter.clone(), turn.input.brief.clone(), turn.claim.tenant.clone());
        blocking(move || typesetter.setting(&brief, &tenant)).await?
    }

    async fn upload(&self, turn: &Turn<Input>, place: usize, finished: Finished) -> Result<NewAsset, HandlerError> {
        let claim = &turn.claim;
        let Finished { spec, file, width, height, compliant, mut report } = finished;
        let (shot, extension) = (ShotId(claim.subject_id), file.format.extension());
        let key = BlobKey::asset(claim.tenant_id, claim.job_id, shot, claim.attempt, place, &spec, extension);
        let (bytes, mime) = (file.bytes.len() as u64, file.mime);
        self.blobs.put_new(&key, file.bytes.into(), mime).await.map_err(blob_error)?;
        let Input { request, render, .. } = &turn.input;
        let (variant, consistency) = (request.variant, render.consistency);
        // Told with every file, so that none goes out in silence.
        let below_consistency = consistency.is_some_and(|consistency| consistency < request.keeping.least);
        if consistency.is_some() {
            report["consistency"] = render.report["consistency"].clone();
        }
        Ok(NewAsset {
            deliverable: place,
            spec,
            variant,
            blob_key: key,
            width,
            height,
            bytes,
            mime: mime.to_owned(),
            compliant,
            consistency,
            below_consistency,
            report,
        })
    }
}

impl Handler for PostprocessHandler {
    const STAGE: Stage = Stage::Postprocess;
    type Input = Input;
    type Output = FinishCommit;

    async fn work(&self, turn: &Turn<Input>) -> Result<FinishCommit, HandlerError> {
        let input = &turn.input;
        let setting = Arc::new(self.setting(turn).await?);
        let specs = self.wanted(turn)?;
        let packshots = specs.iter().any(|(_, spec)| spec.is_packshot());
        let scene = Arc::new(self.scene(input, packshots).await?);
        let metadata = metadata(turn);
        let mut assets = Vec::with_capacity(specs.len());
        for (place, spec) in specs {
            let (scene, setting, wanted, metadata) = (scene.clone(), setting.clone(), spec.clone(), metadata.clone());
            let finishing = self.finishing.clone();
            let finished = blocking(move || finish(&scene, &wanted, (*setting).as_ref(), &metadata, &finishing))
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

/// What every file of the shot says of itself; how its pixels came to be depends on its spec.
fn metadata(turn: &Turn<Input>) -> Metadata {
    let Input { request, render, .. } = &turn.input;
    let hash = Sha256::digest(request.prompt.as_bytes());
    Metadata {
        marking: None,
        dpi: None,
        bleed_mm: None,
        creator_tool: Some(concat!("Cavendish ", env!("CARGO_PKG_VERSION")).into()),
        model: Some(render.model.clone()),
        seed: Some(render.seed.cast_unsigned()),
        prompt_hash: Some(hash.iter().map(|byte| format!("{byte:02x}")).collect()),
        job: Some(turn.claim.job_id.to_string()),
    }
}
