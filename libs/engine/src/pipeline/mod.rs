//! A loaded model folder: prompts and seeds in, pixels out.

mod denoise;
mod manifest;

use denoise::Canvas;
pub use denoise::{Unwatched, Watch};
pub use manifest::{Manifest, Sampling, Size, TextEncoderEntry, TextEncoderKind, UpscalerEntry};

use crate::codec::PatchCodec;
use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::{Flux2Transformer2DModel, Rotary, TokenLayout};
use crate::minilm::PromptEncoder;
use crate::pixels;
use crate::scheduler::FlowMatchEuler;
use crate::upscaler::Upscaler;
use cavendish_renderer::Pixels;
use std::cell::RefCell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

/// Images to draw together: all but prompt and seed is shared.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// One of the model's native sizes, see [`Manifest::nearest`].
    pub size: Size,
    /// Denoising steps, 1..=100.
    pub steps: usize,
    /// Guidance scale; exactly 1.0 leaves the unconditional half out.
    pub guidance: f64,
    /// What to draw.
    pub images: Vec<Image>,
}

/// One image of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What to draw, in words.
    pub prompt: String,
    /// Seed of the noise.
    pub seed: u64,
}

/// A finished batch.
#[derive(Debug)]
pub struct Drawn {
    /// In the order of the batch; `None` for images that were cancelled.
    pub images: Vec<Option<Pixels>>,
    /// Time for the prompts.
    pub encode: Duration,
    /// Time for all steps.
    pub denoise: Duration,
    /// Time from latents to pixels.
    pub decode: Duration,
}

/// A model on a device. Not `Sync`: one thread owns it.
pub struct Pipeline {
    manifest: Manifest,
    prompts: PromptEncoder,
    transformer: Flux2Transformer2DModel,
    codec: PatchCodec,
    upscaler: Option<(Upscaler, u32)>,
    rotaries: RefCell<HashMap<TokenLayout, Rc<Rotary>>>,
    device: Device,
    forward_images: NonZeroUsize,
}

impl Pipeline {
    /// Loads the model in `dir` (see [`Manifest`]) with the text encoder's files in `encoder_dir`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] or [`ErrorKind::Weights`] saying which file does not fit and why.
    pub fn load(dir: &Path, encoder_dir: &Path, device: Device) -> Result<Self> {
        guarded(|| {
            let manifest = Manifest::read(&dir.join("model.toml"))?;
            let TextEncoderKind::Minilm = manifest.text_encoder.kind;
            let pipeline = Self {
                prompts: PromptEncoder::load(encoder_dir, manifest.text_encoder.tokens, device, Kind::Float)?,
                transformer: Flux2Transformer2DModel::load(&dir.join(&manifest.transformer), device, Kind::Float)?,
                codec: PatchCodec::load(&dir.join(&manifest.codec), device)?,
                upscaler: load_upscaler(dir, &manifest, device)?,
                rotaries: RefCell::default(),
                forward_images: default_forward_images(device),
                manifest,
                device,
            };
            pipeline.check()?;
            Ok(pipeline)
        })
    }

    /// Sets how many images every forward computes; fewer are filled up with copies that are thrown away.
    ///
    /// libtorch picks its kernels by shape, and another kernel adds in another order: an image computed among four
    /// differs in the last bits from the same image computed alone (5e-6 here, enough to turn a byte over now and then).
    /// A constant shape makes an image depend on its prompt and seed only, and costs a lone image the filling
    /// (measured in this crate's README). So images are reproducible for one value of this setting.
    #[must_use]
    pub fn with_forward_images(mut self, images: NonZeroUsize) -> Self {
        self.forward_images = images;
        self
    }

    /// What the folder says about the model.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Images every forward computes.
    #[must_use]
    pub fn forward_images(&self) -> NonZeroUsize {
        self.forward_images
    }

    /// Where the model is.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    /// The network, for those who look inside.
    #[must_use]
    pub fn transformer(&self) -> &Flux2Transformer2DModel {
        &self.transformer
    }

    /// The codec, for those who look inside.
    #[must_use]
    pub fn codec(&self) -> &PatchCodec {
        &self.codec
    }

    /// The prompt encoder, for those who look inside.
    #[must_use]
    pub fn prompts(&self) -> &PromptEncoder {
        &self.prompts
    }

    /// Draws a batch, telling `watch` of every step and asking it before every step who is still wanted.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for steps, guidance or a size the model does not have; [`ErrorKind::OutOfMemory`] and
    /// [`ErrorKind::Torch`] for the device. An error is the whole batch's.
    pub fn draw(&self, batch: &Batch, watch: &mut dyn Watch) -> Result<Drawn> {
        guarded(|| {
            let schedule = FlowMatchEuler::new(batch.steps, self.manifest.sampling.shift)?;
            let layout = self.layout(batch.size)?;
            let start = Instant::now();
            let mut canvases = self.start(batch, layout)?;
            let encoded = Instant::now();
            self.denoise(&mut canvases, &schedule, batch.guidance, layout, watch)?;
            let denoised = Instant::now();
            let mut images = vec![None; batch.images.len()];
            for canvas in canvases {
                images[canvas.image] = Some(self.pixels(&canvas.latents, layout)?);
            }
            let decode = denoised.elapsed();
            Ok(Drawn { images, encode: encoded - start, denoise: denoised - encoded, decode })
        })
    }

    /// The latents (1, tokens, channels) of one image from noise of that shape, with the manifest's schedule and guidance:
    /// for comparing with another implementation.
    ///
    /// # Errors
    /// As [`Self::draw`].
    pub fn latents(&self, prompt: &str, noise: &Tensor, size: Size) -> Result<Tensor> {
        guarded(|| {
            let sampling = self.manifest.sampling;
            let schedule = FlowMatchEuler::new(sampling.steps, sampling.shift)?;
            let layout = self.layout(size)?;
            let mut canvases = vec![Canvas::new(0, noise.to_device(self.device), self.prompts.encode(prompt)?)];
            self.denoise(&mut canvases, &schedule, sampling.guidance, layout, &mut Unwatched)?;
            Ok(canvases.remove(0).latents)
        })
    }

    /// How the tokens lie for a native size.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a size the model was not trained at.
    pub fn layout(&self, size: Size) -> Result<TokenLayout> {
        if !self.manifest.native_sizes.contains(&size) {
            let what = format!("{} draws {:?}, not {size:?}", self.manifest.name, self.manifest.native_sizes);
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        let [columns, rows] = [size.width, size.height].map(|side| i64::from(side) / self.codec.patch());
        Ok(TokenLayout { text: self.prompts.tokens(), rows, columns })
    }

    /// The rotations for a layout, made at its first use.
    fn rotary(&self, layout: TokenLayout) -> Rc<Rotary> {
        let make = || Rc::new(Rotary::new(self.transformer.config(), layout, self.device));
        Rc::clone(self.rotaries.borrow_mut().entry(layout).or_insert_with(make))
    }

    /// Latents (1, tokens, channels) to pixels, enlarged if the model says so. One image at a time: a constant shape again.
    fn pixels(&self, latents: &Tensor, layout: TokenLayout) -> Result<Pixels> {
        let decoded = self.codec.decode(latents, layout.rows, layout.columns); // (1, 3, height, width)
        let plain = (decoded + 1.0) / 2.0;
        match &self.upscaler {
            Some((upscaler, factor)) => pixels::from_tensor(&upscaler.enlarge(&plain, *factor)?),
            None => pixels::from_tensor(&plain),
        }
    }

    /// Width and height of the images that come of a native size.
    #[must_use]
    pub fn output_size(&self, size: Size) -> Size {
        let factor = self.upscaler.as_ref().map_or(1, |(_, factor)| *factor);
        Size { width: size.width * factor, height: size.height * factor }
    }

    /// Whether the parts go together.
    fn check(&self) -> Result<()> {
        let config = self.transformer.config();
        let patch = self.codec.patch() as u32;
        let on_grid = |size: &Size| size.width.is_multiple_of(patch) && size.height.is_multiple_of(patch);
        let wrong = [
            (
                config.joint_attention_dim != self.prompts.width(),
                "the transformer and the text encoder differ in width",
            ),
            (config.in_channels != self.codec.channels(), "the transformer and the codec differ in channels"),
            (
                config.prediction_channels() != config.in_channels,
                "the transformer predicts other channels than it takes",
            ),
            (config.guidance_embeds, "networks with guidance as an input are not supported yet"),
            (!self.manifest.native_sizes.iter().all(on_grid), "native_sizes are not multiples of the patch"),
        ];
        match wrong.into_iter().find(|(is, _)| *is) {
            Some((_, what)) => Err(EngineError::new(ErrorKind::Model, format!("{}: {what}", self.manifest.name))),
            None => Ok(()),
        }
    }
}

fn load_upscaler(dir: &Path, manifest: &Manifest, device: Device) -> Result<Option<(Upscaler, u32)>> {
    let Some(UpscalerEntry { dir: folder, factor }) = &manifest.upscaler else { return Ok(None) };
    if !Upscaler::supports(*factor) {
        return Err(EngineError::new(ErrorKind::Model, format!("{}: upscaler.factor is {factor}", manifest.name)));
    }
    Ok(Some((Upscaler::load(&dir.join(folder), device)?, *factor)))
}

/// One image on a CPU, which two keep busy twice as long; four on a GPU, which small shapes leave idle.
fn default_forward_images(device: Device) -> NonZeroUsize {
    let images = if device.is_cuda() { 4 } else { 1 };
    NonZeroUsize::new(images).unwrap_or(NonZeroUsize::MIN)
}
