use super::canvas::Canvas;
use super::denoise::{Course, Unwatched, Watch};
use super::references::Seen;
use super::{Frame, KeptReferences, Pipeline, Size};
use crate::device::guarded;
use crate::error::Result;
use crate::pixels;
use cavendish_renderer::{Edit, Pixels, Reference};
use std::time::{Duration, Instant};
use tch::Tensor;

/// Images to draw together: what is not in [`Image`] is shared.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// How the images come to their size, see [`Pipeline::frame`].
    pub frame: Frame,
    /// Denoising steps, 1..=100.
    pub steps: usize,
    /// Guidance scale; exactly 1.0 leaves the unconditional half out.
    pub guidance: f64,
    /// An image whose velocity changes by at most this much from one step to the next (relative error) goes straight to
    /// its end; 0 takes every step.
    pub settle: f64,
    /// What to draw. Whether they are edits, with a mask or without, the sizes of sources and references, and strengths are
    /// the same.
    pub images: Vec<Image>,
}

/// One image of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Image {
    /// What to draw, in words.
    pub prompt: String,
    /// Seed of the noise.
    pub seed: u64,
    /// Pictures of what is to be in it.
    pub references: Vec<Reference>,
    /// What an earlier [`Drawn::kept_references`] said of the same references.
    pub kept_references: Option<Vec<u8>>,
    /// A picture to start from.
    pub edit: Option<Edit>,
}

/// A finished batch.
#[derive(Debug)]
pub struct Drawn {
    /// In the order of the batch; `None` for images that were cancelled.
    pub images: Vec<Option<DrawnImage>>,
    /// What was learnt of references and is worth keeping.
    pub kept_references: Vec<KeptReferences>,
    /// Time for prompts and pictures.
    pub encode: Duration,
    /// Time for all steps.
    pub denoise: Duration,
    /// Time from latents to pixels, enlarging included.
    pub decode: Duration,
}

/// A finished image.
#[derive(Debug)]
pub struct DrawnImage {
    /// The image.
    pub pixels: Pixels,
    /// Steps taken.
    pub steps: usize,
    /// Whether the network knew the references from before.
    pub knew_references: bool,
}

impl Pipeline {
    /// Draws a batch, telling `watch` of every step and asking it before every step who is still wanted.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] for steps, guidance, a size the model does not have, or references it does not
    /// take; [`crate::ErrorKind::OutOfMemory`] and [`crate::ErrorKind::Torch`] for the device. An error is the whole
    /// batch's.
    pub fn draw(&self, batch: &Batch, watch: &mut dyn Watch) -> Result<Drawn> {
        guarded(|| {
            let start = Instant::now();
            let layout = self.layout(batch.frame.native)?;
            let schedule = self.schedule(batch, &layout)?;
            let course = Course::new(batch, &schedule, &layout)?;
            let canvases = self.start(batch, &schedule, &layout)?;
            let encoded = Instant::now();
            let canvases = self.denoise(canvases, &course, watch)?;
            let denoised = Instant::now();
            self.judge_references(batch, &course, &canvases)?;
            let judged = Instant::now();
            let kept_references = self.learnt(&canvases)?;
            let mut images: Vec<_> = batch.images.iter().map(|_| None).collect();
            for canvas in canvases {
                images[canvas.image] = Some(self.finish(&canvas, batch)?);
            }
            let decode = judged.elapsed();
            Ok(Drawn { images, kept_references, encode: encoded - start, denoise: denoised - encoded, decode })
        })
    }

    /// The latents (1, tokens, channels) of one image from noise of that shape, drawn as [`Self::draw`] does: for
    /// comparing with another implementation.
    ///
    /// # Errors
    /// As [`Self::draw`].
    pub fn latents(&self, batch: &Batch, noise: &Tensor) -> Result<Tensor> {
        guarded(|| {
            let layout = self.layout(batch.frame.native)?;
            let schedule = self.schedule(batch, &layout)?;
            let course = Course::new(batch, &schedule, &layout)?;
            let canvases = vec![self.start_from(noise.to_device(self.device), 0, batch, &schedule)?];
            Ok(self.denoise(canvases, &course, &mut Unwatched)?.remove(0).latents)
        })
    }

    /// Latents (1, tokens, channels) to pixels (1, 3, height, width) in about −1..=1.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] for a size the model does not draw.
    pub fn decode(&self, latents: &Tensor, size: Size) -> Result<Tensor> {
        let layout = self.layout(size)?;
        guarded(|| self.codec.decode(latents, layout.image))
    }

    /// Looks, once per set of references, whether what is kept of them would have done.
    fn judge_references(&self, batch: &Batch, course: &Course<'_>, canvases: &[Canvas]) -> Result<()> {
        for canvas in canvases {
            let (Some(profile), Some(Seen::Beside(_))) = (&canvas.profile, &canvas.seen) else { continue };
            let image = &batch.images[canvas.image];
            self.judge(profile, image, &canvas.latents, |kv| {
                let noise = self.noise(image.seed, course.layout.image.tokens());
                let mut again = self.start_from(noise, canvas.image, batch, course.schedule)?;
                again.seen = Some(Seen::Known(kv));
                Ok(self.denoise(vec![again], course, &mut Unwatched)?.remove(0).latents)
            })?;
        }
        Ok(())
    }

    /// What the canvases' references are worth keeping.
    fn learnt(&self, canvases: &[Canvas]) -> Result<Vec<KeptReferences>> {
        self.references.borrow_mut().shrink();
        let profiles = canvases.iter().filter_map(|canvas| Some((canvas.image, canvas.profile.as_deref()?)));
        profiles.filter_map(|(image, profile)| self.to_store(profile, image).transpose()).collect()
    }

    /// Latents to the image of the batch's frame. One image at a time: a constant shape again.
    fn finish(&self, canvas: &Canvas, batch: &Batch) -> Result<DrawnImage> {
        let Frame { native, enlarge, output } = batch.frame;
        let decoded = self.codec.decode(&canvas.latents, self.codec.grid(native))?; // (1, 3, height, width)
        let plain = (decoded + 1.0) / 2.0;
        let mut image = match &self.upscaler {
            Some(upscaler) if enlarge > 1 => upscaler.paint(&plain, enlarge)?,
            _ => pixels::from_tensor(&plain)?,
        };
        let edit = batch.images[canvas.image].edit.as_ref().filter(|edit| edit.mask.is_some());
        if edit.is_some() || (image.width, image.height) != (output.width, output.height) {
            let large = pixels::to_tensor(&image)?.to_device(self.device);
            let mut exact = pixels::resized(&large, output.height, output.width);
            if let Some(edit) = edit {
                exact = self.keep_source(&exact, edit, output)?;
            }
            image = pixels::from_tensor(&exact)?;
        }
        let knew_references = matches!(canvas.seen, Some(Seen::Known(_)));
        Ok(DrawnImage { pixels: image, steps: canvas.steps, knew_references })
    }

    /// The source's own pixels where they are to be kept: what went through latents is no longer quite the same.
    fn keep_source(&self, image: &Tensor, edit: &Edit, output: Size) -> Result<Tensor> {
        let Some(mask) = &edit.mask else { return Ok(image.shallow_clone()) };
        let resized = |x: Tensor| pixels::resized(&x.to_device(self.device), output.height, output.width);
        let (drawn, source) = (resized(pixels::mask(mask, &edit.source)?), resized(pixels::to_tensor(&edit.source)?));
        Ok(&source + drawn * (image.clamp(0.0, 1.0) - &source))
    }
}
