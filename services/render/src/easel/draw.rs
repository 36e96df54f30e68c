//! One drawing: what a try asks of the renderer, and what comes back.

use super::{Drawn, Easel, Sitting};
use crate::handler::render_error;
use crate::ledger::measured;
use crate::tries::Try;
use cavendish_conveyor::HandlerError;
use cavendish_domain::ShotRequest;
use cavendish_imaging::image::RgbImage;
use cavendish_renderer::{Reference, RenderOutput, RenderRequest};
use serde_json::{Value, json};

impl Easel {
    /// Draws, and notes what it cost.
    ///
    /// # Errors
    /// As the renderer says.
    pub(super) async fn draw(
        &self,
        sitting: &Sitting<'_>,
        next: &Try,
        prompt: &str,
        references: Vec<Reference>,
        native: Option<[u32; 2]>,
    ) -> Result<Drawn, HandlerError> {
        let ShotRequest { width, height, decision, .. } = sitting.request;
        let count = references.len();
        let settle = decision.as_ref().map_or(0.0, |decision| f64::from(decision.early_stop));
        let request = RenderRequest {
            prompt: prompt.into(),
            width: *width,
            height: *height,
            native,
            steps: next.steps,
            guidance: next.guidance,
            seed: next.seed,
            references,
            settle,
            share: sitting.share.clone(),
            ..RenderRequest::default()
        };
        let output = self.renderer.render(request, sitting.on_step.clone(), sitting.cancel.clone()).await;
        let output = output.map_err(render_error)?;
        let (kind, seconds) = measured(&self.renderer.info(), native, [*width, *height], count, &output);
        // A guided drawing costs more than its steps say: it would mislead plans, which never guide.
        if next.guidance.is_none() {
            self.ledger.note(kind, seconds);
        }
        let report = told(&output);
        let pixels = output.pixels;
        let image = RgbImage::from_raw(pixels.width, pixels.height, pixels.rgb)
            .ok_or_else(|| HandlerError::permanent("malformed_render", "the renderer gave too few pixels"))?;
        let (model, steps) = (output.model, output.steps);
        Ok(Drawn { image, model, seed: next.seed, steps, placed: None, outpainted: None, consistency: None, report })
    }
}

/// A drawing, for the report.
fn told(output: &RenderOutput) -> Value {
    json!({
        "timing": output.timing,
        "batch": output.batch,
        "peak_memory": output.peak_memory,
        "knew_references": output.knew_references,
    })
}
