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
/// An error of the image is one of the velocity divided by the time, by no less than this.
const EARLIEST: f64 = 0.25;

/// The network that learns, and what surrounds it.
pub(super) struct Network {
    transformer: Flux2Transformer2DModel,
    codec: PatchCodec,
    prompts: PromptEncoder,
    channels: Tensor, // weights of latent channels, (channels)
    device: Device,
    kind: Kind,
}

impl Network {
    /// From a model folder with a linear patch codec, and the folder of its transformer or of one that begins like it; the
    /// transformer computes with numbers of this kind.
    pub(super) fn load(
        from: &Path,
        transformer: &Path,
        encoder: &Path,
        (device, kind): (Device, Kind),
    ) -> Result<(Self, NamedWeights)> {
        let config = Flux2Config::read(&transformer.join("config.json"))?;
        let weights = Weights::open_dir(transformer, device, kind)?.trainable();
        let transformer = Flux2Transformer2DModel::new(&weights.root(), config);
        let weights = weights.finish()?;
        let codec = PatchCodec::load(&from.join(&Manifest::read(&from.join("model.toml"))?.codec), device)?;
        let spread = codec.scale().sqrt();
        let channels = (&spread / spread.mean(Kind::Float)).clamp(CHANNEL[0], CHANNEL[1]);
        let prompts = PromptEncoder::load(encoder, TEXT, device, Kind::Float)?;
        Ok((Self { transformer, codec, prompts, channels, device, kind }, weights))
    }

    /// How far the predicted velocities are off, weighted.
    pub(super) fn loss(&self, batch: &Batch) -> Result<Tensor> {
        let (clean, text) =
            no_grad(|| anyhow::Ok((self.codec.encode(&self.here(batch.pictures()))?, self.text(batch)?)))?;
        let noise = self.here(batch.noise(&clean.size()));
        let times = self.here(batch.times());
        let share = times.view([-1, 1, 1]);
        let latents = &clean * (1.0 - &share) + &noise * &share;
        let velocity = self.velocity(batch, &latents, &text, &times)?;
        let weights = (self.here(batch.cover()) * SUBJECT + 1.0) * &self.channels; // (scenes, patches, channels)
        let off = (velocity - (noise - clean)).square() * &weights;
        Ok(off.sum(Kind::Float) / weights.expand_as(&off).sum(Kind::Float))
    }

    /// The velocity of latents of the batch's scenes at these times. Where references are laid, the network says what the
    /// image differs in from them, as the engine takes it.
    fn velocity(&self, batch: &Batch, latents: &Tensor, text: &Tensor, times: &Tensor) -> Result<Tensor> {
        let Some(laid) = batch.laid() else { return self.predict(batch, latents, text, times) };
        let laid = no_grad(|| self.codec.encode(&self.here(laid)))?;
        let differs = self.predict(batch, &Tensor::cat(&[latents, &laid], 2), text, times)?;
        Ok((latents - laid - differs) / times.view([-1, 1, 1]).clamp_min(EARLIEST))
    }

    fn predict(&self, batch: &Batch, latents: &Tensor, text: &Tensor, times: &Tensor) -> Result<Tensor> {
        let patches = |pixels: usize| pixels as i64 / self.codec.patch();
        let image = Grid { rows: patches(batch.kind.height), columns: patches(batch.kind.width) };
        let layout = TokenLayout { text: TEXT as i64, image, references: vec![] };
        let rotary = Rotary::new(self.transformer.config(), layout, self.device);
        let (latents, text) = (&latents.to_kind(self.kind), &text.to_kind(self.kind));
        let conditioning = self.transformer.condition(&times.to_kind(self.kind), None);
        let (conditioning, rotary, references) = (&conditioning, &rotary, None);
        let predicted =
            self.transformer.forward(TransformerInput { latents, text, conditioning, rotary, references })?;
        Ok(predicted.to_kind(Kind::Float))
    }

    /// A batch's tensor on the device.
    fn here(&self, tensor: Tensor) -> Tensor {
        tensor.to_device(self.device)
    }

    fn text(&self, batch: &Batch) -> Result<Tensor> {
        let states =
            batch.captions.iter().map(|caption| Ok(self.prompts.encode(caption)?)).collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&states, 0))
    }
}

/// A transformer's file in its folder, as diffusers names it.
pub(super) const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";

/// Writes the transformer in `from` to `out`, taking twice as many channels: the new ones are for references, which it
/// copies at first as they lie. One that takes them already is copied.
pub(super) fn widen(from: &Path, out: &Path) -> Result<()> {
    let config = Flux2Config::read(&from.join("config.json"))?;
    let mut tensors = Tensor::read_safetensors(from.join(WEIGHTS))?;
    let channels = config.prediction_channels();
    for (name, tensor) in tensors.iter_mut().filter(|_| config.in_channels == channels) {
        match name.as_str() {
            "x_embedder.weight" => *tensor = Tensor::cat(&[&*tensor, &tensor.zeros_like()], 1),
            "proj_out.weight" => *tensor = tensor.zeros_like(),
            _ => {}
        }
    }
    std::fs::create_dir_all(out)?;
    let wide = Flux2Config { in_channels: 2 * channels, out_channels: Some(channels), ..config };
    std::fs::write(out.join("config.json"), serde_json::to_string_pretty(&wide)?)?;
    Ok(save(tensors, &out.join(WEIGHTS))?)
}
