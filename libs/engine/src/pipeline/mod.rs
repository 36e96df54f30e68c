//! A loaded model folder: prompts, seeds and pictures in, pixels out.

mod canvas;
mod denoise;
mod draw;
mod frame;
mod manifest;
mod parts;
mod references;

pub use denoise::{Unwatched, Watch};
pub use draw::{Batch, Drawn, DrawnImage, Image};
pub use frame::{Frame, Native, Size};
pub use manifest::{
    AdapterEntry, Manifest, ReferenceUse, Sampling, Shift, TextEncoderEntry, TextEncoderKind, UpscalerEntry,
};
pub use references::KeptReferences;
pub(crate) use references::{looked_at, profile_key, reference_size};

use crate::adapter::{Adapter, Worn};
use crate::checkpoint::{Checkpoint, Role};
use crate::device::{Precision, guarded};
use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::{Conditioning, Flux2Config, Flux2Transformer2DModel, Rotary, TokenLayout};
use crate::scheduler::FlowMatchEuler;
use crate::upscaler::Upscaler;
use crate::weights::{NamedWeights, Weights};
use lru::LruCache;
use parts::{Codec, TextEncoder};
use references::ReferenceCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tch::{Device, Kind, Tensor};

/// Tables kept by layout and by schedule: a few of each are in use at a time.
const TABLES: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");
/// Bytes of kept references on the device, at most, unless set.
const REFERENCE_BYTES: usize = 1 << 30;

/// A model on a device. Not `Sync`: one thread owns it.
pub struct Pipeline {
    manifest: Manifest,
    prompts: TextEncoder,
    transformer: Flux2Transformer2DModel,
    weights: NamedWeights,
    fingerprint: u64,
    codec: Codec,
    upscaler: Option<Upscaler>,
    rotaries: RefCell<LruCache<TokenLayout, Rc<Rotary>>>,
    conditionings: RefCell<LruCache<Vec<u32>, Rc<Conditioning>>>,
    references: RefCell<ReferenceCache>,
    encoder_dir: PathBuf,
    prompts_device: Device,
    device: Device,
    kind: Kind,
    forward_images: NonZeroUsize,
}

impl Pipeline {
    /// Loads the model in `dir`: a folder with a `model.toml` (see [`Manifest`]), or one that Hugging Face publishes
    /// (`model_index.json`). `encoder_dir` holds the text encoder's files where the model's folder does not.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] or [`ErrorKind::Weights`] saying which file does not fit and why.
    pub fn load(dir: &Path, encoder_dir: &Path, device: Device, precision: Precision) -> Result<Self> {
        guarded(|| {
            let published = !dir.join("model.toml").exists() && dir.join("model_index.json").exists();
            let manifest = if published { Manifest::klein() } else { Manifest::read(&dir.join("model.toml"))? };
            let kind = precision.kind(device);
            let encoder = manifest.text_encoder.dir.as_ref().map_or(encoder_dir.to_owned(), |inner| dir.join(inner));
            let (transformer, weights) = load_transformer(dir, &manifest, device, kind)?;
            let pipeline = Self {
                prompts: TextEncoder::load(&manifest.text_encoder, &encoder, device, kind)?,
                transformer,
                fingerprint: weights.fingerprint(),
                weights,
                codec: Codec::load(&dir.join(&manifest.codec), device, kind)?,
                upscaler: load_upscaler(dir, &manifest, device)?,
                rotaries: RefCell::new(LruCache::new(TABLES)),
                conditionings: RefCell::new(LruCache::new(TABLES)),
                references: RefCell::new(ReferenceCache::new(REFERENCE_BYTES)),
                forward_images: default_forward_images(device),
                encoder_dir: encoder,
                prompts_device: device,
                manifest,
                device,
                kind,
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

    /// As [`Self::with_forward_images`].
    pub fn set_forward_images(&mut self, images: NonZeroUsize) {
        self.forward_images = images;
    }

    /// Gives up memory of the device for good: the text encoder goes to the CPU and kept references are dropped. False
    /// if that was done before, or the device is the CPU.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn offload(&mut self) -> Result<bool> {
        if self.device == Device::Cpu || self.prompts_device == Device::Cpu {
            return Ok(false);
        }
        tracing::warn!("out of memory: the text encoder runs on the CPU from now on");
        self.references.borrow_mut().clear();
        let entry = &self.manifest.text_encoder;
        self.prompts = TextEncoder::load(entry, &self.encoder_dir, Device::Cpu, Precision::Auto.kind(Device::Cpu))?;
        self.prompts_device = Device::Cpu;
        Ok(true)
    }

    /// Sets how many bytes of kept references stay on the device, at most (1 GiB unless set).
    #[must_use]
    pub fn with_reference_bytes(mut self, bytes: usize) -> Self {
        self.references = RefCell::new(ReferenceCache::new(bytes));
        self
    }

    /// Sets what is done with references, whatever the manifest says.
    #[must_use]
    pub fn with_reference_use(mut self, references: ReferenceUse) -> Self {
        self.manifest.references = references;
        self
    }

    /// Never uses what is kept of references: they stand beside the image in every step.
    #[must_use]
    pub fn with_references_beside(self) -> Self {
        self.with_reference_use(ReferenceUse::Joint { tolerance: 0.0 })
    }

    /// Has the transformer wear these adapters instead of those it wore: for the images of one job, say.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if an adapter does not fit, with the transformer as it was.
    pub fn wear(&mut self, adapters: &[Worn<'_>]) -> Result<()> {
        guarded(|| {
            self.weights.bare()?;
            let worn = self.weights.wear(adapters);
            // What was worked out with other weights is of no use any more.
            self.conditionings.borrow_mut().clear();
            self.references.borrow_mut().clear();
            self.fingerprint = self.weights.fingerprint();
            worn
        })
    }

    /// A number that other weights hardly share: part of the name of what is kept.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
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

    /// Pixels along a side of an image token.
    #[must_use]
    pub fn patch(&self) -> i64 {
        self.codec.patch()
    }

    /// A prompt's states on the device: (1, text tokens, text channels).
    fn prompt(&self, prompt: &str) -> Result<Tensor> {
        Ok(self.prompts.encode(prompt)?.to_device(self.device).to_kind(self.kind))
    }

    /// Where the model is.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    /// What the network computes with.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The network, for those who look inside.
    #[must_use]
    pub fn transformer(&self) -> &Flux2Transformer2DModel {
        &self.transformer
    }

    /// How an image of the wanted size comes about.
    #[must_use]
    pub fn frame(&self, wanted: Size) -> Frame {
        self.manifest.frame(wanted)
    }

    /// How the tokens of text and image lie for a native size.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a size the model does not draw.
    pub fn layout(&self, size: Size) -> Result<TokenLayout> {
        if !self.manifest.native.has(size) {
            let what = format!("{} draws {:?}, not {size:?}", self.manifest.name, self.manifest.native);
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        Ok(TokenLayout { text: self.prompts.tokens(), image: self.codec.grid(size), references: Vec::new() })
    }

    /// The schedule of a batch's images, or what is left of it for edits.
    fn schedule(&self, batch: &Batch, layout: &TokenLayout) -> Result<FlowMatchEuler> {
        let schedule = match self.manifest.sampling.shift {
            Shift::Fixed(shift) => FlowMatchEuler::new(batch.steps, shift),
            Shift::Empirical => FlowMatchEuler::empirical(batch.steps, layout.image.tokens()),
        }?;
        let edit = batch.images.first().and_then(|image| image.edit.as_ref());
        Ok(edit.map_or(schedule.clone(), |edit| schedule.starting_at(edit.strength)))
    }

    /// The rotations for a layout, made at its first use.
    fn rotary(&self, layout: &TokenLayout) -> Rc<Rotary> {
        let make = || Rc::new(Rotary::new(self.transformer.config(), layout.clone(), self.device));
        Rc::clone(self.rotaries.borrow_mut().get_or_insert(layout.clone(), make))
    }

    /// Whether the parts go together.
    fn check(&self) -> Result<()> {
        let config = self.transformer.config();
        let patch = self.codec.patch() as u32;
        let on_grid = |size: &Size| size.width.is_multiple_of(patch) && size.height.is_multiple_of(patch);
        let sizes_fit = match &self.manifest.native {
            Native::Listed(sizes) => sizes.iter().all(on_grid),
            Native::Free { multiple, .. } => multiple.is_multiple_of(patch),
        };
        let channels = self.codec.channels();
        let taken = if self.manifest.references.place().is_some() { 2 * channels } else { channels };
        let wrong = [
            (
                config.joint_attention_dim != self.prompts.width(),
                "the transformer and the text encoder differ in width",
            ),
            (config.in_channels != taken, "the transformer takes other channels than the codec and references have"),
            (config.prediction_channels() != channels, "the transformer predicts other channels than the codec has"),
            (config.guidance_embeds, "networks with guidance as an input are not supported yet"),
            (!sizes_fit, "native_sizes are not multiples of the patch"),
        ];
        match wrong.into_iter().find(|(is, _)| *is) {
            Some((_, what)) => Err(EngineError::new(ErrorKind::Model, format!("{}: {what}", self.manifest.name))),
            None => Ok(()),
        }
    }
}

/// The transformer with its adapters, and its weights by name.
fn load_transformer(
    dir: &Path,
    manifest: &Manifest,
    device: Device,
    kind: Kind,
) -> Result<(Flux2Transformer2DModel, NamedWeights)> {
    let place = dir.join(&manifest.transformer);
    let (config, weights) = if place.is_dir() {
        (Flux2Config::read(&place.join("config.json"))?, Weights::open_dir(&place, device, kind)?)
    } else {
        let checkpoint = Checkpoint::open(&place)?;
        (checkpoint.transformer_config()?, checkpoint.weights(Role::Transformer, device, kind)?)
    };
    let transformer = Flux2Transformer2DModel::new(&weights.root(), config);
    let mut named = weights.finish()?;
    let read = |entry: &AdapterEntry| Ok((Adapter::read(&dir.join(&entry.file), device)?, entry.strength));
    let adapters = manifest.adapters.iter().map(read).collect::<Result<Vec<_>>>()?;
    if !adapters.is_empty() {
        let worn: Vec<_> = adapters.iter().map(|(adapter, strength)| Worn { adapter, strength: *strength }).collect();
        named.wear(&worn)?;
        named.keep();
    }
    Ok((transformer, named))
}

fn load_upscaler(dir: &Path, manifest: &Manifest, device: Device) -> Result<Option<Upscaler>> {
    let Some(UpscalerEntry { dir: folder, factor }) = &manifest.upscaler else { return Ok(None) };
    if !Upscaler::supports(*factor) {
        return Err(EngineError::new(ErrorKind::Model, format!("{}: upscaler.factor is {factor}", manifest.name)));
    }
    Ok(Some(Upscaler::load(&dir.join(folder), device)?))
}

/// One image on a CPU, which two keep busy twice as long; four on a GPU, which small shapes leave idle.
fn default_forward_images(device: Device) -> NonZeroUsize {
    let images = if device.is_cuda() { 4 } else { 1 };
    NonZeroUsize::new(images).unwrap_or(NonZeroUsize::MIN)
}
