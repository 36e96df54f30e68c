//! Makes the image of a shot: draws it, or places its subjects; looks whether they are like themselves, and tries again.

mod draw;

use crate::compose;
use crate::kept::{self, Kept, Memory};
use crate::ledger::{Ledger, drawn_at};
use crate::outpaint::DrawnOn;
use crate::recall::Recall;
use crate::score::{self, Score};
use crate::tries::{How, Time, Tried, Try, ladder};
use crate::verdict::judge;
use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::outlook::{STUDIO, lone};
use cavendish_domain::{Backdrop, ShotRequest, ShotSubject};
use cavendish_imaging::image::RgbImage;
use cavendish_renderer::{OnStep, Renderer, Share, Vision};
use cavendish_service_kit::CancellationToken;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What images are made with.
#[derive(Clone)]
pub(crate) struct Easel {
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) renderer: Arc<dyn Renderer>,
    pub(crate) vision: Arc<dyn Vision>,
    pub(crate) recall: Recall,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) memory: Arc<Memory>,
}

/// A shot to be made.
pub(crate) struct Sitting<'a> {
    pub(crate) request: &'a ShotRequest,
    /// Whose turn it is that drawing takes.
    pub(crate) share: Share,
    /// When the job is to be there.
    pub(crate) until: Option<Instant>,
    pub(crate) on_step: OnStep,
    pub(crate) cancel: CancellationToken,
}

impl Sitting<'_> {
    /// The size that the plan has the model draw at.
    pub(crate) fn native(&self) -> Option<[u32; 2]> {
        self.request.decision.as_ref()?.native
    }
}

/// A raw image and how it came about.
pub(crate) struct Drawn {
    pub(crate) image: RgbImage,
    pub(crate) model: String,
    pub(crate) seed: u64,
    pub(crate) steps: u32,
    /// What its subjects were placed on; `None` where the model drew all of it.
    pub(crate) placed: Option<PlacedOn>,
    /// The same with what lies beyond its edges, where the model drew it on.
    pub(crate) outpainted: Option<DrawnOn>,
    pub(crate) consistency: Option<f32>,
    pub(crate) report: Value,
}

/// What subjects were placed on.
pub(crate) struct PlacedOn {
    pub(crate) backdrop: Backdrop,
    /// The scene without them, where one was drawn.
    pub(crate) scene: Option<RgbImage>,
}

impl Easel {
    /// Makes a shot. The best of what was tried is given, whether its subjects are like enough to themselves or not; the
    /// report has all that was tried.
    ///
    /// # Errors
    /// As drawing and seeing go wrong; permanent `below_consistency` where the shot would rather fail.
    pub(crate) async fn make(&self, sitting: &Sitting<'_>) -> Result<Drawn, HandlerError> {
        let began = Instant::now();
        let drawn = match sitting.request.kept() {
            subjects if subjects.is_empty() => self.draw_named(sitting).await?,
            subjects => self.draw_kept(sitting, &subjects).await?,
        };
        self.drawn_on(sitting, drawn, began).await
    }

    /// Draws or places the subjects of a shot.
    async fn draw_kept(&self, sitting: &Sitting<'_>, subjects: &[ShotSubject]) -> Result<Drawn, HandlerError> {
        let kept = kept::load(&*self.blobs, &*self.vision, &self.memory, subjects).await?;
        let tries = ladder(sitting.request, &self.renderer.info());
        if tries.is_empty() {
            let model = self.renderer.info().model;
            let detail = format!("{model} takes no references, so it cannot draw the subjects, and fallback is none");
            return Err(HandlerError::permanent("identity_unsupported", detail));
        }
        self.try_all(sitting, &Arc::new(kept), tries).await
    }

    /// Draws what the prompt names: from pictures of it where the model is better shown than told and they are known.
    async fn draw_named(&self, sitting: &Sitting<'_>) -> Result<Drawn, HandlerError> {
        let (request, model) = (sitting.request, self.renderer.info());
        let plain = Try { how: How::Draw, seed: request.seed, steps: request.steps, guidance: None };
        let (names, references) = self.recall.of(&request.prompt, &model).await?;
        if names.is_empty() {
            return self.draw(sitting, &plain, &request.prompt, vec![], sitting.native()).await;
        }
        // The plan reckoned with the model that draws names.
        let shown = model.drawing(true);
        let share = f64::from(shown.default_steps) / f64::from(model.default_steps.max(1));
        let steps = plain.steps.map(|steps| ((f64::from(steps) * share).round() as u32).max(1));
        let native = drawn_at(shown, None, [request.width, request.height], names.len());
        let plain = Try { steps, ..plain };
        let mut drawn = self.draw(sitting, &plain, &request.prompt, references, Some(native)).await?;
        drawn.report["recalled"] = json!(names);
        Ok(drawn)
    }

    async fn try_all(
        &self,
        sitting: &Sitting<'_>,
        kept: &Arc<Vec<Kept>>,
        tries: Vec<Try>,
    ) -> Result<Drawn, HandlerError> {
        let least = sitting.request.keeping.least;
        let mut time = Time { until: sitting.until, drawing: Duration::ZERO };
        let (mut tried, mut best, mut late): (Vec<Tried>, Option<(Drawn, Score)>, bool) = (vec![], None, false);
        for next in tries {
            let next = if tried.is_empty() { Some(next) } else { time.allows(next) };
            let Some(next) = next else {
                late = true;
                continue;
            };
            let began = Instant::now();
            let (drawn, score) = self.attempt(sitting, kept, &next).await?;
            let took = began.elapsed();
            if next.guidance.is_none() {
                time.drawing = time.drawing.max(took);
            }
            tried.push(Tried {
                number: tried.len() + 1,
                method: next.how,
                seed: next.seed,
                steps: drawn.steps,
                guidance: next.guidance,
                consistency: score.least,
                ms: (took.as_secs_f64() * 1e4).round() / 10.0,
            });
            if best.as_ref().is_none_or(|(_, known)| score.least > known.least) {
                best = Some((drawn, score));
            }
            if best.as_ref().is_some_and(|(_, known)| known.least >= least) {
                break;
            }
        }
        let best = best.ok_or_else(|| HandlerError::permanent("invalid_shot", "nothing was tried"))?;
        judge(&sitting.request.keeping, best, &tried, late, &self.vision.info().encoder)
    }

    async fn attempt(
        &self,
        sitting: &Sitting<'_>,
        kept: &Arc<Vec<Kept>>,
        next: &Try,
    ) -> Result<(Drawn, Score), HandlerError> {
        if next.how == How::Draw {
            let references = kept::references(kept, self.renderer.info().drawing(true)).await?;
            let drawn = self.draw(sitting, next, &sitting.request.prompt, references, sitting.native()).await?;
            let score = score::drawn(&*self.vision, &drawn.image, kept).await?;
            return Ok((drawn, score));
        }
        self.place(sitting, kept, next).await
    }

    /// Places the subjects, in a scene that is drawn first where the try has one.
    async fn place(
        &self,
        sitting: &Sitting<'_>,
        kept: &Arc<Vec<Kept>>,
        next: &Try,
    ) -> Result<(Drawn, Score), HandlerError> {
        let request = sitting.request;
        let placing = request.placing();
        let backdrop = placing.map(|placing| placing.backdrop.clone()).unwrap_or_default();
        let prompt = placing.and_then(|placing| placing.scene.as_deref());
        let surroundings = match prompt.filter(|_| next.how == How::ComposeInScene) {
            Some(prompt) => Some(self.draw(sitting, next, prompt, vec![], sitting.native()).await?),
            None => None,
        };
        let began = Instant::now();
        let scene = surroundings.as_ref().map(|drawn| drawn.image.clone());
        let size = [request.width, request.height];
        let preview = compose::preview(kept, &backdrop, scene.clone(), size).await?;
        self.ledger.note(lone(STUDIO, size, 0, 0), began.elapsed().as_secs_f64());
        let score = score::placed(&*self.vision, preview.cuts, &preview.bounds, kept).await?;
        let (model, steps, mut report) = match surroundings {
            Some(drawn) => (drawn.model, drawn.steps, drawn.report),
            None => (STUDIO.into(), 0, json!({})),
        };
        report["placed"] = preview.report;
        let placed = Some(PlacedOn { backdrop, scene });
        let drawn = Drawn {
            image: preview.image,
            model,
            seed: next.seed,
            steps,
            placed,
            outpainted: None,
            consistency: None,
            report,
        };
        Ok((drawn, score))
    }
}

#[cfg(test)]
mod tests;
