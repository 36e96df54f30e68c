use crate::{OnStep, Pixels, RenderError, RenderOutput, RenderRequest, Renderer, RendererInfo, StepTiming};
use async_trait::async_trait;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How the fake behaves, for tests of the line and for benches that leave the model out.
#[derive(Debug, Clone, Default)]
pub struct FakeBehaviour {
    /// Time per step; zero draws at once.
    pub step: Duration,
    /// A prompt that contains this text ends the process, as a crash of the driver would.
    pub crash_on: Option<String>,
}

/// Draws a flat colour derived from prompt and seed, or the same checks always where the prompt says `checks`: needs no libtorch,
/// honours seeds, edits and cancellation.
#[derive(Debug, Clone, Default)]
pub struct FakeRenderer {
    behaviour: FakeBehaviour,
}

impl FakeRenderer {
    /// A fake with the given behaviour.
    #[must_use]
    pub fn new(behaviour: FakeBehaviour) -> Self {
        Self { behaviour }
    }
}

#[async_trait]
impl Renderer for FakeRenderer {
    fn info(&self) -> RendererInfo {
        RendererInfo {
            model: "fake".into(),
            device: "none".into(),
            native_side: 64,
            max_batch: 64,
            native_sizes: vec![[64, 64]],
            default_steps: 4,
            default_guidance: 1.0,
            max_references: crate::MAX_REFERENCES as u32,
            place: None,
            for_references: None,
            recall: false,
            outpaints: true,
            devices: 1,
        }
    }

    async fn render(
        &self,
        request: RenderRequest,
        on_step: OnStep,
        cancel: CancellationToken,
    ) -> Result<RenderOutput, RenderError> {
        request.check()?;
        if self.behaviour.crash_on.as_ref().is_some_and(|text| request.prompt.contains(text)) {
            std::process::abort();
        }
        let steps = request.steps.unwrap_or(4);
        let began = Instant::now();
        for step in 1..=steps {
            if !self.behaviour.step.is_zero() {
                tokio::select! {
                    () = cancel.cancelled() => return Err(RenderError::Cancelled),
                    () = tokio::time::sleep(self.behaviour.step) => {}
                }
            } else if cancel.is_cancelled() {
                return Err(RenderError::Cancelled);
            }
            on_step(step as usize, steps as usize);
        }
        Ok(RenderOutput {
            pixels: kept(painted(&request), &request),
            model: "fake".into(),
            steps,
            batch: 1,
            timing: StepTiming { denoise_ms: began.elapsed().as_secs_f64() * 1e3, ..StepTiming::default() },
            peak_memory: None,
            knew_references: false,
        })
    }
}

/// A flat colour that differs with prompt and seed (FNV-1a), or checks.
fn painted(request: &RenderRequest) -> Pixels {
    let hash = request
        .prompt
        .bytes()
        .chain(request.seed.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let [r, g, b, ..] = hash.to_le_bytes();
    let RenderRequest { width, height, .. } = *request;
    let mut rgb = [r, g, b].repeat(width as usize * height as usize);
    if request.prompt.contains("checks") {
        let side = (width.max(height) as usize / 64).max(1);
        for (at, pixel) in rgb.chunks_exact_mut(3).enumerate() {
            let (x, y) = (at % width as usize / side, at / width as usize / side);
            pixel.fill(if (x + y).is_multiple_of(2) { 90 } else { 160 });
        }
    }
    Pixels { width, height, rgb }
}

/// The source's pixels where an edit keeps them; a source of another size is no more than replaced.
fn kept(mut pixels: Pixels, request: &RenderRequest) -> Pixels {
    let Some(edit) = &request.edit else { return pixels };
    if (edit.source.width, edit.source.height) != (pixels.width, pixels.height) {
        return pixels;
    }
    let drawn = edit.mask.as_ref().map_or_else(|| vec![255; pixels.rgb.len() / 3], |mask| mask.to_vec());
    let kept = edit.source.rgb.chunks_exact(3).zip(drawn);
    for (pixel, (source, drawn)) in pixels.rgb.chunks_exact_mut(3).zip(kept) {
        for (value, source) in pixel.iter_mut().zip(source) {
            let (new, old, drawn) = (u32::from(*value), u32::from(*source), u32::from(drawn));
            *value = ((new * drawn + old * (255 - drawn) + 127) / 255) as u8;
        }
    }
    pixels
}
