use super::batch::{Batch, TEXT};
use crate::scene::REFERENCE_SIDE;
use anyhow::Result;
use cavendish_engine::flux2::{
    Flux2Config, Flux2Transformer2DModel, Grid, ReferenceKv, Rotary, TokenLayout, TransformerInput,
};
use cavendish_engine::minilm::PromptEncoder;
use cavendish_engine::{Manifest, NamedWeights, PatchCodec, Weights};
use std::path::Path;
use tch::{Device, Kind, Tensor, no_grad};

/// How much more a patch counts that a subject covers.
const SUBJECT: f64 = 3.0;
/// A latent channel counts by the root of its spread in pixels: what is hardly seen is hardly learnt. Within these.
const CHANNEL: [f64; 2] = [0.3, 4.0];

/// The network that learns, and what surrounds it.
pub(super) struct Network {
    transformer: Flux2Transformer2DModel,
    codec: PatchCodec,
    prompts: PromptEncoder,
    channels: Tensor, // weights of latent channels, (channels)
}

impl Network {
    /// From a model folder with a linear patch codec.
    pub(super) fn load(from: &Path, encoder: &Path) -> Result<(Self, NamedWeights)> {
        let (device, kind) = (Device::Cpu, Kind::Float);
        let manifest = Manifest::read(&from.join("model.toml"))?;
        let dir = from.join(&manifest.transformer);
        let weights = Weights::open_dir(&dir, device, kind)?.trainable();
        let transformer = Flux2Transformer2DModel::new(&weights.root(), Flux2Config::read(&dir.join("config.json"))?);
        let weights = weights.finish()?;
        let codec = PatchCodec::load(&from.join(&manifest.codec), device)?;
        let spread = codec.scale().sqrt();
        let channels = (&spread / spread.mean(kind)).clamp(CHANNEL[0], CHANNEL[1]);
        let prompts = PromptEncoder::load(encoder, TEXT, device, kind)?;
        Ok((Self { transformer, codec, prompts, channels }, weights))
    }

    /// How far the predicted velocities are off, weighted.
    pub(super) fn loss(&self, batch: &Batch) -> Result<Tensor> {
        let (clean, text) = no_grad(|| anyhow::Ok((self.codec.encode(&batch.pictures())?, self.text(batch)?)))?;
        let noise = batch.noise(&clean.size());
        let times = batch.times();
        let share = times.view([-1, 1, 1]);
        let latents = &clean * (1.0 - &share) + &noise * &share;
        let velocity = self.velocity(batch, &latents, &text, &times)?;
        let weights = (batch.cover() * SUBJECT + 1.0) * &self.channels; // (scenes, patches, channels)
        let off = (velocity - (noise - clean)).square() * &weights;
        Ok(off.sum(Kind::Float) / weights.expand_as(&off).sum(Kind::Float))
    }

    /// The network's velocity for latents of the batch's scenes at these times.
    fn velocity(&self, batch: &Batch, latents: &Tensor, text: &Tensor, times: &Tensor) -> Result<Tensor> {
        let known = self.known(batch)?;
        let image = Grid { rows: batch.kind.height as i64 / 8, columns: batch.kind.width as i64 / 8 };
        let layout = TokenLayout { text: TEXT as i64, image, references: vec![] };
        let rotary = Rotary::new(self.transformer.config(), layout, Device::Cpu);
        let conditioning = self.transformer.condition(times, None);
        let input = TransformerInput {
            latents,
            text,
            conditioning: &conditioning,
            rotary: &rotary,
            references: known.as_ref(),
        };
        Ok(self.transformer.forward(input)?)
    }

    /// What the network makes of the batch's references alone.
    fn known(&self, batch: &Batch) -> Result<Option<ReferenceKv>> {
        let Some(references) = batch.references() else { return Ok(None) };
        let side = REFERENCE_SIDE as i64 / self.codec.patch();
        let latents = self.codec.encode(&references)?; // (scenes · subjects, patches, channels)
        let latents = latents.reshape([batch.scenes() as i64, -1, self.codec.channels()]);
        let references = vec![Grid { rows: side, columns: side }; batch.kind.subjects];
        let layout = TokenLayout { references, ..TokenLayout::default() };
        let rotary = Rotary::new(self.transformer.config(), layout, Device::Cpu);
        let still = self.transformer.condition(&Tensor::zeros([1], (Kind::Float, Device::Cpu)), None);
        Ok(Some(self.transformer.references(&latents, &still, &rotary)?))
    }

    fn text(&self, batch: &Batch) -> Result<Tensor> {
        let states =
            batch.captions.iter().map(|caption| Ok(self.prompts.encode(caption)?)).collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&states, 0))
    }
}
