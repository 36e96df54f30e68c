use anyhow::{Context, Result};
use cavendish_engine::{Batch, Image, Pipeline, Precision, ReferenceUse, Size, Unwatched};
use cavendish_renderer::{Pixels, Reference};
use std::path::Path;
use tch::Device;

/// A model that draws for the bench, at its native sizes and its own steps and guidance.
pub(super) struct Studio {
    pipeline: Pipeline,
    /// What draws with references, where that is another one.
    shown: Option<Pipeline>,
}

impl Studio {
    pub(super) fn load(dir: &Path, encoder: &Path) -> Result<Self> {
        let load = |dir: &Path| {
            Pipeline::load(dir, encoder, Device::Cpu, Precision::F32)
                .with_context(|| format!("cannot load {}", dir.display()))
        };
        let pipeline = load(dir)?;
        let shown = pipeline.manifest().reference_model.as_ref().map(|folder| load(&dir.join(folder))).transpose()?;
        Ok(Self { pipeline, shown })
    }

    fn drawing(&self, references: bool) -> &Pipeline {
        self.shown.as_ref().filter(|_| references).unwrap_or(&self.pipeline)
    }

    pub(super) fn name(&self) -> &str {
        &self.pipeline.manifest().name
    }

    /// Whether it draws this size.
    pub(super) fn draws(&self, size: [u32; 2]) -> bool {
        self.pipeline.manifest().native.has(size.into())
    }

    pub(super) fn takes_references(&self) -> bool {
        self.drawing(true).manifest().references != ReferenceUse::None
    }

    /// One image at a native size.
    pub(super) fn draw(&self, size: [u32; 2], prompt: &str, references: Vec<Reference>, seed: u64) -> Result<Pixels> {
        let pipeline = self.drawing(!references.is_empty());
        let manifest = pipeline.manifest();
        let native = Size::from(size);
        let mut frame = manifest.frame_from(Some(native), native);
        (frame.native, frame.enlarge, frame.output) = (native, 1, native);
        let image = Image { prompt: prompt.into(), seed, references, ..Image::default() };
        let (steps, guidance) = (manifest.sampling.steps, manifest.sampling.guidance);
        let batch = Batch { frame, steps, guidance, settle: 0.0, images: vec![image] };
        let mut drawn = pipeline.draw(&batch, &mut Unwatched)?;
        drawn.images.pop().flatten().map(|image| image.pixels).context("nothing was drawn")
    }
}
