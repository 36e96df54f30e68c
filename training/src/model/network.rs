use super::batch::{Batch, TEXT};
use anyhow::Result;
use cavendish_engine::flux2::{Flux2Config, Flux2Transformer2DModel, Grid, Rotary, TokenLayout, TransformerInput};
use cavendish_engine::minilm::PromptEncoder;
use cavendish_engine::{Manifest, NamedWeights, PatchCodec, Weights, save};
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
    /// From a model folder with a linear patch codec, and the folder of its transformer or of one that begins like it.
    pub(super) fn load(from: &Path, transformer: &Path, encoder: &Path) -> Result<(Self, NamedWeights)> {
        let (device, kind) = (Device::Cpu, Kind::Float);
        let config = Flux2Config::read(&transformer.join("config.json"))?;
        let weights = Weights::open_dir(transformer, device, kind)?.trainable();
        let transformer = Flux2Transformer2DModel::new(&weights.root(), config);
        let weights = weights.finish()?;
        let codec = PatchCodec::load(&from.join(&Manifest::read(&from.join("model.toml"))?.codec), device)?;
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
        let laid = batch.laid().map(|laid| no_grad(|| self.codec.encode(&laid))).transpose()?;
        let latents = &laid.map_or_else(|| latents.shallow_clone(), |laid| Tensor::cat(&[latents, &laid], 2));
        let patches = |pixels: usize| pixels as i64 / self.codec.patch();
        let image = Grid { rows: patches(batch.kind.height), columns: patches(batch.kind.width) };
        let layout = TokenLayout { text: TEXT as i64, image, references: vec![] };
        let rotary = Rotary::new(self.transformer.config(), layout, Device::Cpu);
        let conditioning = self.transformer.condition(times, None);
        let (conditioning, rotary, references) = (&conditioning, &rotary, None);
        Ok(self.transformer.forward(TransformerInput { latents, text, conditioning, rotary, references })?)
    }

    fn text(&self, batch: &Batch) -> Result<Tensor> {
        let states =
            batch.captions.iter().map(|caption| Ok(self.prompts.encode(caption)?)).collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&states, 0))
    }
}

/// A transformer's file in its folder, as diffusers names it.
pub(super) const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";

/// Writes the transformer in `from` to `out`, taking twice as many channels: the new ones, for references, change nothing
/// yet. One that takes them already is copied.
pub(super) fn widen(from: &Path, out: &Path) -> Result<()> {
    let config = Flux2Config::read(&from.join("config.json"))?;
    let mut tensors = Tensor::read_safetensors(from.join(WEIGHTS))?;
    let channels = config.prediction_channels();
    for (name, tensor) in &mut tensors {
        if name == "x_embedder.weight" && config.in_channels == channels {
            *tensor = Tensor::cat(&[&*tensor, &tensor.zeros_like()], 1);
        }
    }
    std::fs::create_dir_all(out)?;
    let wide = Flux2Config { in_channels: 2 * channels, out_channels: Some(channels), ..config };
    std::fs::write(out.join("config.json"), serde_json::to_string_pretty(&wide)?)?;
    Ok(save(tensors, &out.join(WEIGHTS))?)
}
