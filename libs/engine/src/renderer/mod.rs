//! Pipelines behind the [`Renderer`] trait: one OS thread owns a model on a device, callers await.

mod budget;
mod desk;
mod ladder;
mod memory;
mod options;
mod queue;
mod ticket;
mod worker;

pub use options::EngineOptions;

use crate::device;
use crate::error::{EngineError, ErrorKind, Result};
use crate::pipeline::{Image, Manifest, Native, ReferenceUse, Size, looked_at, profile_key, reference_size};
use async_trait::async_trait;
use cavendish_renderer::{
    MAX_REFERENCES, OnStep, ReferenceStore, RenderError, RenderOutput, RenderRequest, Renderer, RendererInfo,
};
use desk::Desk;
use futures::channel::oneshot;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tch::Device;
use ticket::{Answer, Recipe, Ticket};
use tokio_util::sync::CancellationToken;
use worker::Loaded;

/// Sets of references that a device may still know, by name: asking the store for them again would be in vain.
const KNOWN: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// A loaded model that draws what is asked of it, in batches of what waits, on one device or several beside each other.
///
/// A model of listed sizes gives the nearest in shape, enlarged to the longer side that was asked for as far as its
/// upscaler reaches: fitting it is the caller's business. Dropping the renderer waits until its threads have finished
/// what they had begun: a process must not end while libtorch is at work.
pub struct EngineRenderer {
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
    info: RendererInfo,
    loaded: Loaded,
    store: Option<Arc<dyn ReferenceStore>>,
    known: Mutex<LruCache<String, ()>>,
}

impl EngineRenderer {
    /// Starts a thread per device and waits until the model is loaded on all (seconds): call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`crate::Pipeline::load`]; [`ErrorKind::Invalid`] for a device that is not there.
    pub fn start(options: EngineOptions) -> Result<Self> {
        describe_metrics();
        let devices = device::all(&options.devices)?;
        let desk = Arc::new(Desk::new(devices.len()));
        let (loaded, load) = mpsc::sync_channel(devices.len());
        let options = Arc::new(options);
        let start = |device: &Device| {
            let (options, desk, loaded, device) = (Arc::clone(&options), Arc::clone(&desk), loaded.clone(), *device);
            thread::Builder::new()
                .name(format!("model-{}", device::name(device)))
                .spawn(move || worker::run(&options, device, &desk, &loaded))
                .map_err(|e| EngineError::caused(ErrorKind::Torch, "cannot start the model's thread", e))
        };
        let mut started = Started { desk: Arc::clone(&desk), threads: Vec::new() };
        for device in &devices {
            started.threads.push(start(device)?);
        }
        // So that a thread that ends without a word is noticed.
        drop(loaded);
        let ended = |_| EngineError::torch("the model's thread ended while loading");
        let loads: Vec<Loaded> = devices.iter().map(|_| load.recv().map_err(ended)?).collect::<Result<_>>()?;
        let loaded = loads.into_iter().next().ok_or_else(|| EngineError::torch("there is no device"))?;
        let info = describe(&loaded, &devices);
        let threads = std::mem::take(&mut started.threads);
        Ok(Self { desk, threads, info, loaded, store: None, known: Mutex::new(LruCache::new(KNOWN)) })
    }

    /// Folder of the model that its `model.toml` names for references, relative to its own.
    #[must_use]
    pub fn reference_model(&self) -> Option<&str> {
        self.loaded.manifest.reference_model.as_deref()
    }

    /// Keeps what the model makes of references in `store`, and looks there first.
    #[must_use]
    pub fn with_reference_store(mut self, store: Arc<dyn ReferenceStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// The request in the model's terms.
    fn recipe(&self, request: &RenderRequest) -> Recipe {
        let manifest = &self.loaded.manifest;
        let sampling = manifest.sampling;
        let wanted = Size { width: request.width, height: request.height };
        Recipe {
            frame: manifest.frame_from(request.native.map(Size::from), wanted),
            steps: request.steps.map_or(sampling.steps, |steps| steps as usize),
            guidance: request.guidance.unwrap_or(sampling.guidance),
            settle: request.settle,
            references: looked_at(manifest, &request.references, request.edit.as_ref())
                .iter()
                .map(|reference| reference_size(manifest, reference))
                .collect(),
            strength: request.edit.as_ref().map(|edit| edit.strength),
            masked: request.edit.as_ref().is_some_and(|edit| edit.mask.is_some()),
            text_tokens: self.loaded.text_tokens.unsigned_abs(),
            patch: u32::try_from(self.loaded.patch).unwrap_or(1),
        }
    }

    /// What the store has on the request's references, unless the device knows them anyway.
    async fn fetch(&self, request: &RenderRequest) -> Option<Vec<u8>> {
        let store = self.store.as_ref()?;
        let key = self.key(request)?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&key);
        if known { None } else { store.get(&request.share.owner, &key).await }
    }

    /// The name of the request's references; `None` where nothing of them is kept.
    fn key(&self, request: &RenderRequest) -> Option<String> {
        let unmasked = request.edit.as_ref().is_none_or(|edit| edit.mask.is_none());
        let loaded = &self.loaded;
        profile_key(&loaded.manifest, loaded.fingerprint, loaded.kind, &request.references).filter(|_| unmasked)
    }

    async fn keep(&self, owner: &str, key: Option<String>, answer: Answer) -> RenderOutput {
        let Answer { output, kept } = answer;
        if let Some(key) = key {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).put(key, ());
        }
        if let Some(store) = &self.store {
            for references in kept {
                store.put(owner, &references.key, references.file).await;
            }
        }
        output
    }
}

/// Threads that are joined should starting fail half-way.
struct Started {
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Started {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.desk.close();
            join(&mut self.threads);
        }
    }
}

impl Drop for EngineRenderer {
    fn drop(&mut self) {
        self.desk.close();
        join(&mut self.threads);
    }
}

fn join(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        if thread.join().is_err() {
            tracing::error!("the model's thread had panicked");
        }
    }
}

#[async_trait]
impl Renderer for EngineRenderer {
    fn info(&self) -> RendererInfo {
        self.info.clone()
    }

    async fn render(
        &self,
        request: RenderRequest,
        on_step: OnStep,
        cancel: CancellationToken,
    ) -> std::result::Result<RenderOutput, RenderError> {
        request.check()?;
        let mut request = request;
        for reference in &mut request.references {
            // Owners are apart: what one left on a device is not found by another.
            reference.key = format!("{}/{}", request.share.owner, reference.key);
        }
        let key = self.key(&request);
        let kept_references = cancel.run_until_cancelled(self.fetch(&request)).await.ok_or(RenderError::Cancelled)?;
        let owner = request.share.owner.clone();
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket {
            recipe: self.recipe(&request),
            share: request.share,
            image: Image {
                prompt: request.prompt,
                seed: request.seed,
                references: request.references,
                kept_references,
                edit: request.edit,
            },
            on_step,
            cancel: cancel.clone(),
            reply,
            queued: Instant::now(),
            span: tracing::Span::current(),
        };
        if !self.desk.leave(ticket) {
            return Err(RenderError::Gone);
        }
        // A cancelled caller is told at once; the thread learns of it before its next step.
        match cancel.run_until_cancelled(answer).await {
            None => Err(RenderError::Cancelled),
            Some(answer) => Ok(self.keep(&owner, key, answer.unwrap_or(Err(RenderError::Gone))?).await),
        }
    }
}

fn describe(loaded: &Loaded, devices: &[Device]) -> RendererInfo {
    let manifest: &Manifest = &loaded.manifest;
    let default = manifest.native.default_size();
    let most = manifest.upscaler.as_ref().map_or(1, |entry| entry.factor);
    let takes_references = manifest.references != ReferenceUse::None;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    RendererInfo {
        model: manifest.name.clone(),
        device: devices.iter().map(|device| device::name(*device)).collect::<Vec<_>>().join(", "),
        native_side: default.width.max(default.height) * most,
        max_batch: number(loaded.most_images),
        native_sizes: match &manifest.native {
            Native::Listed(sizes) => sizes.iter().map(|size| [size.width, size.height]).collect(),
            Native::Free { default, .. } => vec![[default.width, default.height]],
        },
        default_steps: number(manifest.sampling.steps),
        default_guidance: manifest.sampling.guidance,
        max_references: if takes_references { number(MAX_REFERENCES).min(places(manifest)) } else { 0 },
        place: manifest.references.place(),
        for_references: None,
        recall: manifest.recall,
        outpaints: manifest.outpaints,
        devices: number(devices.len()),
    }
}

/// Subjects that its largest size holds, of a model that gives each a place.
fn places(manifest: &Manifest) -> u32 {
    match (manifest.references.place(), &manifest.native) {
        (Some(side), Native::Listed(sizes)) => {
            sizes.iter().map(|size| (size.width / side) * (size.height / side)).max().unwrap_or(0)
        }
        _ => u32::MAX,
    }
}

fn describe_metrics() {
    metrics::describe_histogram!("cavendish_render_batch_size", "Images drawn together");
    metrics::describe_histogram!(
        "cavendish_render_step_seconds",
        metrics::Unit::Seconds,
        "One denoising step of a batch"
    );
    metrics::describe_histogram!("cavendish_model_load_seconds", metrics::Unit::Seconds, "Loading a model");
}
