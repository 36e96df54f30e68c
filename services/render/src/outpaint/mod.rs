//! A drawing that some deliverables show more of than there is: where its backdrop is not plain, the model draws it on
//! beyond its edges.

mod canvas;
mod cells;
mod seam;

use crate::easel::{Drawn, Easel, Sitting};
use crate::handler::render_error;
use crate::tries::{REST, seed};
use canvas::Canvas;
use cavendish_conveyor::HandlerError;
use cavendish_domain::Frame;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{ImageError, Render};
use cavendish_renderer::{RenderError, RenderRequest};
use cavendish_service_kit::blocking;
use cells::{Window, windows};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// Windows that are drawn for one render, at most: each costs as much as the render. What lies farther out is continued
/// softly.
const MOST_WINDOWS: usize = 12;
/// The first number of the windows' seeds, far from those of tries.
const FIRST_SEED: u64 = 1 << 32;

/// A drawing and what lies beyond its edges.
pub(crate) struct DrawnOn {
    /// All of it.
    pub(crate) image: RgbImage,
    /// Where the drawing's corner lies in it.
    pub(crate) at: [u32; 2],
}

impl Easel {
    /// The drawing with what the shot's frames show beyond its edges, as far as there is time. `began` is when the shot was
    /// begun: nothing tells better how long a window takes. A model that fails at it spoils no drawing.
    ///
    /// # Errors
    /// When the shot was cancelled.
    pub(crate) async fn drawn_on(
        &self,
        sitting: &Sitting<'_>,
        mut drawn: Drawn,
        began: Instant,
    ) -> Result<Drawn, HandlerError> {
        let request = sitting.request;
        let Some(outpaint) = request.outpaint.as_ref().filter(|_| drawn.placed.is_none()) else { return Ok(drawn) };
        let (image, frames, most_side) = (drawn.image.clone(), outpaint.frames.clone(), request.most_side());
        let windows = blocking(move || missing(&image, &frames, most_side)).await?.map_err(unfit)?;
        if windows.is_empty() {
            return Ok(drawn);
        }
        let (started, mut longest) = (Instant::now(), began.elapsed());
        let (render, bounds) = (drawn.image.clone(), windows.clone());
        let mut canvas = blocking(move || Canvas::of(render, &bounds)).await?.map_err(unfit)?;
        let (mut done, mut stopped) = (0, None);
        for window in &windows {
            let late = |until: Instant| (until - REST).saturating_duration_since(Instant::now()) < longest;
            if sitting.until.is_some_and(late) {
                stopped = Some("deadline".to_owned());
                break;
            }
            let at = Instant::now();
            match self.window(sitting, &outpaint.prompt, &mut canvas, window, done as u64).await {
                Err(error @ RenderError::Cancelled) => return Err(render_error(error)),
                Err(error) => {
                    tracing::warn!(%error, "a scene could not be drawn on");
                    stopped = Some(error.to_string());
                    break;
                }
                Ok(()) => done += 1,
            }
            longest = at.elapsed();
        }
        drawn.report["outpainted"] = json!({
            "windows": done,
            "needed": windows.len(),
            "stopped": stopped,
            "ms": (started.elapsed().as_secs_f64() * 1e4).round() / 10.0,
        });
        drawn.outpainted = canvas.drawn_on(&windows[..done]);
        Ok(drawn)
    }

    /// Draws what is missing in a window.
    async fn window(
        &self,
        sitting: &Sitting<'_>,
        prompt: &str,
        canvas: &mut Canvas,
        window: &Window,
        number: u64,
    ) -> Result<(), RenderError> {
        let edit = canvas.edit(window);
        let request = RenderRequest {
            prompt: prompt.into(),
            width: edit.source.width,
            height: edit.source.height,
            native: sitting.native(),
            seed: seed(sitting.request.seed, FIRST_SEED + number),
            edit: Some(edit),
            share: sitting.share.clone(),
            ..RenderRequest::default()
        };
        let output = self.renderer.render(request, Arc::new(|_, _| {}), sitting.cancel.clone()).await?;
        canvas.put(window, output.pixels)
    }
}

/// The windows over what the frames show beyond a drawing's edges; none where its backdrop is plain.
fn missing(image: &RgbImage, frames: &[Frame], most_side: Option<u32>) -> Result<Vec<Window>, ImageError> {
    let render = Render::from(image);
    let size = [image.width(), image.height()];
    // Halves of odd sides would not lie on pixels; no model draws such sizes.
    if render.is_plain() || size.iter().any(|side| side % 2 == 1) {
        return Ok(vec![]);
    }
    let subject = render.found(most_side).and_then(|cutout| cutout.standing_out());
    let shown = |frame: &Frame| render.shown(frame.width, frame.height, subject, Some(frame.safe));
    let shown = frames.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    Ok(windows(size, &shown, MOST_WINDOWS))
}

fn unfit(error: ImageError) -> HandlerError {
    HandlerError::permanent("outpaint", error)
}
