use crate::compose;
use crate::ledger::{Ledger, measured};
use cavendish_blobs::{BlobStore, Blobs};
use cavendish_conveyor::{Handler, HandlerError, Turn};
use cavendish_domain::outlook::{STUDIO, lone};
use cavendish_domain::{BlobKey, Decision, Method, ShotId, ShotRequest, Stage};
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Format, Metadata, Quality, encode};
use cavendish_messages::{EventType, Progress};
use cavendish_renderer::{OnStep, RenderError, RenderRequest, Renderer, Share};
use cavendish_service_kit::{blob_error, blocking};
use cavendish_store::{NewRender, Outcome, RenderCommit, Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Render as a stage of the conveyor.
#[derive(Clone)]
pub struct RenderHandler {
    store: Store,
    blobs: Arc<Blobs>,
    renderer: Arc<dyn Renderer>,
    ledger: Arc<Ledger>,
}

/// What the render claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    request: ShotRequest,
}

/// A raw image and how it came about.
pub(crate) struct Drawn {
    pub(crate) image: RgbImage,
    pub(crate) model: String,
    pub(crate) steps: u32,
    pub(crate) report: Value,
}

impl RenderHandler {
    /// A handler on these servers, drawing with `renderer` and noting in `ledger` what it cost.
    pub(crate) fn new(store: Store, blobs: Arc<Blobs>, renderer: Arc<dyn Renderer>, ledger: Arc<Ledger>) -> Self {
        Self { store, blobs, renderer, ledger }
    }

    async fn draw(&self, turn: &Turn<Input>) -> Result<Drawn, HandlerError> {
        let request = render_request(turn);
        let (native, wanted, references) = (request.native, [request.width, request.height], request.references.len());
        let output = self.renderer.render(request, on_step(turn), turn.cancel.clone()).await.map_err(render_error)?;
        let (kind, seconds) = measured(&self.renderer.info(), native, wanted, references, &output);
        self.ledger.note(kind, seconds);
        let pixels = output.pixels;
        let image = RgbImage::from_raw(pixels.width, pixels.height, pixels.rgb)
            .ok_or_else(|| HandlerError::permanent("malformed_render", "the renderer gave too few pixels"))?;
        let report = json!({
            "timing": output.timing,
            "batch": output.batch,
            "peak_memory": output.peak_memory,
            "knew_references": output.knew_references,
            "decision": summary(turn),
        });
        Ok(Drawn { image, model: output.model, steps: output.steps, report })
    }

    async fn store(&self, turn: &Turn<Input>, drawn: Drawn, began: Instant) -> Result<RenderCommit, HandlerError> {
        let claim = &turn.claim;
        let (width, height) = drawn.image.dimensions();
        let rendered_ms = began.elapsed().as_secs_f64() * 1e3;
        let file = blocking(move || encode(&drawn.image, Format::Png, None, Quality::default(), &Metadata::default()))
            .await?
            .map_err(|error| HandlerError::permanent("encode", error))?;
        let key = BlobKey::render(claim.tenant_id, claim.job_id, ShotId(claim.subject_id), claim.attempt);
        self.blobs.put_new(&key, file.bytes.into(), Format::Png.mime()).await.map_err(blob_error)?;
        let mut report = drawn.report;
        report["rendered_ms"] = json!(rendered_ms);
        report["stored_ms"] = json!(began.elapsed().as_secs_f64() * 1e3 - rendered_ms);
        let (model, seed, steps) = (drawn.model, turn.input.request.seed, drawn.steps);
        let render = NewRender { blob_key: key, model, seed, steps, width, height, report };
        Ok(RenderCommit { claim: claim.clone(), render, traceparent: turn.traceparent.clone() })
    }
}

impl Handler for RenderHandler {
    const STAGE: Stage = Stage::Render;
    type Input = Input;
    type Output = RenderCommit;

    async fn work(&self, turn: &Turn<Input>) -> Result<RenderCommit, HandlerError> {
        let began = Instant::now();
        let drawn = match &turn.input.request.method {
            Method::Draw => self.draw(turn).await?,
            Method::Compose { cutout, backdrop, .. } => {
                let request = &turn.input.request;
                let (width, height) = (request.width, request.height);
                let drawn = compose::preview(&*self.blobs, cutout, backdrop, width, height).await?;
                self.ledger.note(lone(STUDIO, [width, height], 0, 0), began.elapsed().as_secs_f64());
                drawn
            }
        };
        self.store(turn, drawn, began).await
    }

    async fn commit(&self, batch: &[RenderCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit_renders(batch).await
    }
}

/// The shot in the renderer's terms; the tenant takes the turns of its lane.
fn render_request(turn: &Turn<Input>) -> RenderRequest {
    let ShotRequest { prompt, seed, width, height, steps, decision, .. } = turn.input.request.clone();
    let weight = u32::try_from(turn.claim.lane.weight()).unwrap_or(1);
    let share = Share { owner: turn.claim.tenant.clone(), weight };
    let native = decision.as_ref().and_then(|decision| decision.native);
    let settle = decision.map_or(0.0, |decision| f64::from(decision.early_stop));
    RenderRequest { prompt, width, height, native, steps, seed, settle, share, ..RenderRequest::default() }
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

fn render_error(error: RenderError) -> HandlerError {
    match error {
        RenderError::Invalid { field, reason } => HandlerError::permanent("invalid_shot", format!("{field}: {reason}")),
        error if error.is_retryable() => HandlerError::retryable("renderer", error),
        // The conveyor has let go of a cancelled turn already.
        error => HandlerError::retryable("cancelled", error),
    }
}
