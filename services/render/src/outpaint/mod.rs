//! A drawing that some deliverables show more of than there is: where its backdrop is not plain, the model draws it on
//! beyond its edges.

mod canvas;
mod cells;
mod seam;

use crate::easel::{Drawn, Easel, Sitting};
use crate::handler::render_error;
use crate::tries::seed;
use canvas::Canvas;
use cavendish_conveyor::HandlerError;
use cavendish_domain::Frame;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{ImageError, Render};
use cavendish_renderer::{Edit, RenderError, RenderRequest};
use cavendish_service_kit::blocking;
use cells::{Window, windows};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The first number of the windows' seeds, far from those of tries.
const FIRST_SEED: u64 = 1 << 32;
/// What is left for the rest of the line, which has a second picture to store and to read.
const REST: Duration = Duration::from_secs(1);

/// A drawing and what lies beyond its edges.
pub(crate) struct DrawnOn {
    /// All of it.
    pub(crate) image: RgbImage,
    /// Where the drawing's corner lies in it.
    pub(crate) at: [u32; 2],
    /// The parts of it, left, top, width and height, that are drawn throughout.
    pub(crate) drawn: Vec<[u32; 4]>,
}

/// How far it came.
#[derive(Default)]
struct Progress {
    windows: usize,
    needed: usize,
    stopped: Option<String>,
}

impl Easel {
    /// The drawing with what the shot's frames show beyond its edges, as far as there is time. `began` is when the shot was
    /// begun: that a window takes no longer is sure. What fails here spoils no drawing: the report has it.
    ///
    /// # Errors
    /// When the shot was cancelled, or the work panicked.
    pub(crate) async fn drawn_on(
        &self,
        sitting: &Sitting<'_>,
        mut drawn: Drawn,
        began: Instant,
    ) -> Result<Drawn, HandlerError> {
        let request = sitting.request;
        let Some(outpaint) = request.outpaint.as_ref().filter(|_| drawn.placed.is_none()) else { return Ok(drawn) };
        let (took, started) = (began.elapsed(), Instant::now());
        let (image, frames, most_side) = (drawn.image.clone(), outpaint.frames.clone(), request.most_side());
        let begun = blocking(move || {
            let windows = missing(&image, &frames, most_side)?;
            let canvas = if windows.is_empty() { None } else { Some(Canvas::of(&image, &windows)?) };
            Ok::<_, ImageError>(canvas.map(|canvas| (canvas, windows)))
        });
        let (mut progress, mut wider) = (Progress::default(), None);
        match begun.await? {
            Ok(None) => return Ok(drawn),
            Ok(Some((canvas, windows))) => {
                progress.needed = windows.len();
                wider = self.draw_windows(sitting, &outpaint.prompt, canvas, windows, took, &mut progress).await?;
            }
            Err(error) => progress.stopped = Some(error.to_string()),
        }
        if let Some(stopped) = &progress.stopped {
            tracing::warn!(stopped, "a scene was not drawn on as far as its deliverables show it");
        }
        drawn.report["outpainted"] = json!({
            "windows": progress.windows,
            "needed": progress.needed,
            "stopped": progress.stopped,
            "ms": (started.elapsed().as_secs_f64() * 1e4).round() / 10.0,
        });
        drawn.outpainted = wider;
        Ok(drawn)
    }

    /// Draws the windows one after the other, each of which takes about as long as the one before, until one fails or there
    /// is no time for it.
    async fn draw_windows(
        &self,
        sitting: &Sitting<'_>,
        prompt: &str,
        mut canvas: Canvas,
        windows: Vec<Window>,
        mut took: Duration,
        progress: &mut Progress,
    ) -> Result<Option<DrawnOn>, HandlerError> {
        for window in &windows {
            let left = |until: Instant| until.saturating_duration_since(Instant::now());
            if sitting.until.is_some_and(|until| left(until) < took + REST) {
                progress.stopped = Some("deadline".into());
                break;
            }
            let at = Instant::now();
            let (back, edit) = with(canvas, window, |canvas, window| canvas.edit(window)).await?;
            let (mask, asked) = (edit.mask.clone(), self.asked(sitting, prompt, edit, progress.windows as u64));
            let output = self.renderer.render(asked, Arc::new(|_, _| {}), sitting.cancel.clone()).await;
            let (back, put) = with(back, window, move |canvas, window| {
                canvas.put(window, mask.as_deref().map_or(&[], Vec::as_slice), output?.pixels)
            })
            .await?;
            canvas = back;
            match put {
                Ok(()) => progress.windows += 1,
                Err(error @ RenderError::Cancelled) => return Err(render_error(error)),
                Err(error) => {
                    progress.stopped = Some(error.to_string());
                    break;
                }
            }
            took = at.elapsed();
        }
        let done = progress.windows;
        blocking(move || canvas.drawn_on(&windows[..done])).await
    }

    /// What is missing in a window, to be drawn with the steps of the drawing, where the same model draws it.
    fn asked(&self, sitting: &Sitting<'_>, prompt: &str, edit: Edit, number: u64) -> RenderRequest {
        let (request, model) = (sitting.request, self.renderer.info().model);
        let same = request.decision.as_ref().is_none_or(|decision| decision.model.as_ref().is_none_or(|m| *m == model));
        RenderRequest {
            prompt: prompt.into(),
            width: edit.source.width,
            height: edit.source.height,
            native: sitting.native(),
            steps: request.steps.filter(|_| same),
            seed: seed(request.seed, FIRST_SEED + number),
            edit: Some(edit),
            share: sitting.share.clone(),
            ..RenderRequest::default()
        }
    }
}

/// Works on a canvas beside the runtime.
async fn with<T: Send + 'static>(
    mut canvas: Canvas,
    window: &Window,
    work: impl FnOnce(&mut Canvas, &Window) -> T + Send + 'static,
) -> Result<(Canvas, T), HandlerError> {
    let window = window.clone();
    blocking(move || {
        let done = work(&mut canvas, &window);
        (canvas, done)
    })
    .await
}

/// The windows over what the frames show beyond a drawing's edges; none where its backdrop is plain.
fn missing(image: &RgbImage, frames: &[Frame], most_side: Option<u32>) -> Result<Vec<Window>, ImageError> {
    let render = Render::from(image);
    if render.is_plain() {
        return Ok(vec![]);
    }
    let subject = render.found(most_side).and_then(|cutout| cutout.standing_out());
    let shown = |frame: &Frame| render.shown(frame.width, frame.height, subject, Some(frame.safe));
    Ok(windows([image.width(), image.height()], &frames.iter().map(shown).collect::<Result<Vec<_>, _>>()?))
}
