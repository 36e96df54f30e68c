use crate::easel::{Drawn, Easel, Sitting};
use crate::outpaint::DrawnOn;
use cavendish_blobs::{BlobStore, Blobs};
use cavendish_conveyor::{Handler, HandlerError, Turn};
use cavendish_domain::{BlobKey, Decision, Made, Outpainted, ShotId, ShotRequest, Stage};
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Format, Metadata, Target, encode};
use cavendish_messages::{EventType, Progress};
use cavendish_renderer::{OnStep, RenderError, Share};
use cavendish_service_kit::{blob_error, blocking};
use cavendish_store::{NewRender, Outcome, RenderCommit, Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Render as a stage of the conveyor.
#[derive(Clone)]
pub struct RenderHandler {
    store: Store,
    blobs: Arc<Blobs>,
    easel: Easel,
}

/// What the render claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    request: ShotRequest,
    /// Milliseconds to the deadline when the claim was had; negative when it is past.
    #[serde(default)]
    left_ms: Option<f64>,
}

impl RenderHandler {
    /// A handler on these servers, making images with `easel`.
    pub(crate) fn new(store: Store, blobs: Arc<Blobs>, easel: Easel) -> Self {
        Self { store, blobs, easel }
    }

    async fn store(&self, turn: &Turn<Input>, drawn: Drawn, began: Instant) -> Result<RenderCommit, HandlerError> {
        let claim = &turn.claim;
        let Drawn { image, model, seed, steps, placed, outpainted, consistency, mut report } = drawn;
        let (width, height) = image.dimensions();
        let rendered_ms = began.elapsed().as_secs_f64() * 1e3;
        let (shot, attempt) = (ShotId(claim.subject_id), claim.attempt);
        let key = BlobKey::render(claim.tenant_id, claim.job_id, shot, attempt);
        self.upload(&key, image).await?;
        let made = match placed {
            None => {
                let key = BlobKey::outpainted(claim.tenant_id, claim.job_id, shot, attempt);
                let outpainted = match outpainted {
                    Some(DrawnOn { image, at, drawn }) => {
                        self.upload(&key, image).await.map(|()| Some(Outpainted { key, at, drawn }))?
                    }
                    None => None,
                };
                Made::Draw { outpainted }
            }
            Some(placed) => {
                let at = BlobKey::scene(claim.tenant_id, claim.job_id, shot, attempt);
                let scene = match placed.scene {
                    Some(scene) => Some(self.upload(&at, scene).await.map(|()| at)?),
                    None => None,
                };
                Made::Compose { backdrop: placed.backdrop, scene }
            }
        };
        report["decision"] = summary(turn);
        report["rendered_ms"] = json!(rendered_ms);
        report["stored_ms"] = json!(began.elapsed().as_secs_f64() * 1e3 - rendered_ms);
        let render = NewRender { blob_key: key, model, seed, steps, width, height, made, consistency, report };
        Ok(RenderCommit { claim: claim.clone(), render, traceparent: turn.traceparent.clone() })
    }

    async fn upload(&self, key: &BlobKey, image: RgbImage) -> Result<(), HandlerError> {
        let file = blocking(move || encode(&image, &Target::of(Format::Png), &Metadata::default()))
            .await?
            .map_err(|error| HandlerError::permanent("encode", error))?;
        self.blobs.put_new(key, file.bytes.into(), Format::Png.mime()).await.map_err(blob_error)?;
        Ok(())
    }
}

impl Handler for RenderHandler {
    const STAGE: Stage = Stage::Render;
    type Input = Input;
    type Output = RenderCommit;

    async fn work(&self, turn: &Turn<Input>) -> Result<RenderCommit, HandlerError> {
        let began = Instant::now();
        // The tenant takes the turns of its lane.
        let weight = u32::try_from(turn.claim.lane.weight()).unwrap_or(1);
        let left = turn.input.left_ms.map(|ms| Duration::from_secs_f64((ms / 1e3).clamp(0.0, 1e9)));
        let drawn = self
            .easel
            .make(&Sitting {
                request: &turn.input.request,
                share: Share { owner: turn.claim.tenant.clone(), weight },
                until: left.map(|left| began + left),
                on_step: on_step(turn),
                cancel: turn.cancel.clone(),
            })
            .await?;
        self.store(turn, drawn, began).await
    }

    async fn commit(&self, batch: &[RenderCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit_renders(batch).await
    }
}

/// The decision in short, for the render's report: the shot itself has the whole of it.
fn summary(turn: &Turn<Input>) -> Value {
    let said = |Decision { seconds, reasons, .. }: &Decision| {
        let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
        json!({"reasons": codes, "seconds": seconds})
    };
    turn.input.request.decision.as_ref().map_or(Value::Null, said)
}

/// Tells listeners of every step.
fn on_step(turn: &Turn<Input>) -> OnStep {
    let tell = turn.teller();
    let (job_id, shot_id) = (turn.claim.job_id, ShotId(turn.claim.subject_id));
    Arc::new(move |step, steps| {
        let progress = Progress { job_id, shot_id, step: step as u32, steps: steps as u32 };
        tell(EventType::JobProgressed, json!(progress));
    })
}

pub(crate) fn render_error(error: RenderError) -> HandlerError {
    match error {
        RenderError::Invalid { field, reason } => HandlerError::permanent("invalid_shot", format!("{field}: {reason}")),
        error if error.is_retryable() => HandlerError::retryable("renderer", error),
        // The conveyor has let go of a cancelled turn already.
        error => HandlerError::retryable("cancelled", error),
    }
}
