use anyhow::{Context, Result};
use cavendish_engine::{Batch, Image, Native, Pipeline, Precision, ReferenceUse, Size, Unwatched};
use cavendish_knowledge::Known;
use cavendish_renderer::{Pixels, PixelsAlpha, Reference};
use std::path::Path;
use tch::Device;

/// Things of one picture, at most.
const MOST_RECALLED: usize = 6;

/// A model that draws for the bench, at its native sizes and its own steps and guidance.
pub(super) struct Studio {
    pipeline: Pipeline,
    /// What draws with references, where that is another one.
    shown: Option<Pipeline>,
    /// What named things look like, for a model that is better shown than told.
    known: Option<Known>,
}

impl Studio {
    /// The model in `dir`, and the things in the folder `known` if it draws by them and `recalls` is set.
    pub(super) fn load(dir: &Path, encoder: &Path, known: &Path, recalls: bool) -> Result<Self> {
        let load = |dir: &Path| {
            Pipeline::load(dir, encoder, Device::Cpu, Precision::F32)
                .with_context(|| format!("cannot load {}", dir.display()))
        };
        let pipeline = load(dir)?;
        let shown = pipeline.manifest().reference_model.as_ref().map(|folder| load(&dir.join(folder))).transpose()?;
        let known = (recalls && pipeline.manifest().recall).then(|| Known::open(known)).transpose()?;
        Ok(Self { pipeline, shown, known })
    }

    fn drawing(&self, references: bool) -> &Pipeline {
        self.shown.as_ref().filter(|_| references).unwrap_or(&self.pipeline)
    }

    /// Whether what prompts name is drawn by what it looks like.
    pub(super) fn recalls(&self) -> bool {
        self.known.is_some()
    }

    pub(super) fn name(&self) -> String {
        let name = &self.pipeline.manifest().name;
        if self.known.is_some() { format!("{name}+recall") } else { name.clone() }
    }

    /// Whether it draws this size.
    pub(super) fn draws(&self, size: [u32; 2]) -> bool {
        self.drawing(self.known.is_some()).manifest().native.has(size.into())
    }

    /// What prompts name, as the line gives it to a model that is better shown than told.
    fn recalled(&self, prompt: &str) -> Result<Vec<Reference>> {
        let Some(known) = &self.known else { return Ok(vec![]) };
        let reference = |thing| {
            let picture = image::load_from_memory(&known.picture(thing)?)?.into_rgba8();
            let (width, height) = picture.dimensions();
            let pixels = PixelsAlpha { width, height, rgba: picture.into_raw() };
            Ok(Reference::of_subject(format!("known {}", thing.name), &pixels))
        };
        known.recall(prompt, MOST_RECALLED).into_iter().map(reference).collect()
    }

    pub(super) fn takes_references(&self) -> bool {
        self.drawing(true).manifest().references != ReferenceUse::None
    }

    /// One image at a native size, or at the first that the model has and that holds the references.
    pub(super) fn draw(&self, size: [u32; 2], prompt: &str, references: Vec<Reference>, seed: u64) -> Result<Pixels> {
        let references = if references.is_empty() { self.recalled(prompt)? } else { references };
        let pipeline = self.drawing(!references.is_empty());
        let manifest = pipeline.manifest();
        let holds = |size: &Size| match manifest.references.place() {
            Some(side) => (size.width / side * (size.height / side)) as usize >= references.len(),
            None => true,
        };
        let native = Some(Size::from(size)).filter(|size| manifest.native.has(*size) && holds(size));
        let larger = || match &manifest.native {
            Native::Listed(sizes) => sizes.iter().find(|size| holds(size)).copied(),
            Native::Free { .. } => None,
        };
        let native = native.or_else(larger).unwrap_or_else(|| manifest.native.default_size());
        let mut frame = manifest.frame_from(Some(native), native);
        (frame.native, frame.enlarge, frame.output) = (native, 1, native);
        let image = Image { prompt: prompt.into(), seed, references, ..Image::default() };
        let (steps, guidance) = (manifest.sampling.steps, manifest.sampling.guidance);
        let batch = Batch { frame, steps, guidance, settle: 0.0, images: vec![image] };
        let mut drawn = pipeline.draw(&batch, &mut Unwatched)?;
        drawn.images.pop().flatten().map(|image| image.pixels).context("nothing was drawn")
    }
}
