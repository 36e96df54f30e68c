use super::block::{DoubleBlock, SingleBlock};
use super::embedding::{Modulation, TimeGuidanceEmbed};
use super::{Flux2Config, Rotary};
use crate::error::{EngineError, ErrorKind, Result};
use crate::nn::{LayerNorm, Linear};
use crate::weights::{Vars, Weights};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The FLUX.2 transformer: predicts the velocity (noise − image) of latents.
///
/// Fields and their paths follow the keys of the diffusers checkpoint.
#[derive(Debug)]
pub struct Flux2Transformer2DModel {
    config: Flux2Config,
    time_guidance_embed: TimeGuidanceEmbed,
    double_stream_modulation_img: Modulation,
    double_stream_modulation_txt: Modulation,
    single_stream_modulation: Modulation,
    x_embedder: Linear,
    context_embedder: Linear,
    transformer_blocks: Vec<DoubleBlock>,
    single_transformer_blocks: Vec<SingleBlock>,
    norm_out: NormOut,
    proj_out: Linear,
}

/// What a forward takes.
#[derive(Debug, Clone, Copy)]
pub struct TransformerInput<'a> {
    /// Latent tokens: (batch, image tokens, in_channels).
    pub latents: &'a Tensor,
    /// Text states: (batch, text tokens, joint_attention_dim).
    pub text: &'a Tensor,
    /// Time in 0..=1, 1 being pure noise: (1) for the whole batch, or (batch).
    pub timestep: &'a Tensor,
    /// Guidance for networks with `guidance_embeds`, shaped as `timestep`.
    pub guidance: Option<&'a Tensor>,
    /// Rotations for the same layout of tokens.
    pub rotary: &'a Rotary,
}

/// A place inside the network, for those who compare it with another implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// The image stream after a double block.
    DoubleImage(usize),
    /// The text stream after a double block.
    DoubleText(usize),
    /// The joint stream after a single block.
    Single(usize),
}

impl Flux2Transformer2DModel {
    /// Loads a diffusers folder: `config.json` and `*.safetensors`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] for the configuration; [`ErrorKind::Weights`] listing missing, unused and misshapen names.
    pub fn load(dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        let config = Flux2Config::read(&dir.join("config.json"))?;
        let weights = Weights::open_dir(dir, device, kind)?;
        let model = Self::new(&weights.root(), config);
        weights.finish()?;
        Ok(model)
    }

    /// Builds the network from named weights; the caller calls [`Weights::finish`].
    #[must_use]
    pub fn new(vars: &Vars<'_>, config: Flux2Config) -> Self {
        let dim = config.dim();
        let doubles = vars.sub("transformer_blocks");
        let singles = vars.sub("single_transformer_blocks");
        Self {
            time_guidance_embed: TimeGuidanceEmbed::load(&vars.sub("time_guidance_embed"), &config),
            double_stream_modulation_img: Modulation::load(&vars.sub("double_stream_modulation_img"), dim, 2),
            double_stream_modulation_txt: Modulation::load(&vars.sub("double_stream_modulation_txt"), dim, 2),
            single_stream_modulation: Modulation::load(&vars.sub("single_stream_modulation"), dim, 1),
            x_embedder: Linear::load(&vars.sub("x_embedder"), config.in_channels, dim),
            context_embedder: Linear::load(&vars.sub("context_embedder"), config.joint_attention_dim, dim),
            transformer_blocks: (0..config.num_layers).map(|n| DoubleBlock::load(&doubles.sub(n), &config)).collect(),
            single_transformer_blocks: (0..config.num_single_layers)
                .map(|n| SingleBlock::load(&singles.sub(n), &config))
                .collect(),
            norm_out: NormOut::load(&vars.sub("norm_out"), &config),
            proj_out: Linear::load(&vars.sub("proj_out"), dim, config.prediction_channels()),
            config,
        }
    }

    /// The configuration the network was built from.
    #[must_use]
    pub fn config(&self) -> &Flux2Config {
        &self.config
    }

    /// The velocity: (batch, image tokens, prediction channels).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for inputs of the wrong shape. libtorch's own failures panic, as all of `tch` does;
    /// the pipeline turns those into errors.
    pub fn forward(&self, input: TransformerInput<'_>) -> Result<Tensor> {
        self.forward_observed(input, &mut |_, _| {})
    }

    /// As [`Self::forward`], showing the streams after every block to `observe`.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn forward_observed(
        &self,
        input: TransformerInput<'_>,
        observe: &mut dyn FnMut(Site, &Tensor),
    ) -> Result<Tensor> {
        input.check(&self.config)?;
        let temb = self.time_guidance_embed.forward(input.timestep, input.guidance); // (1 or batch, dim)
        let image_mods = self.double_stream_modulation_img.forward::<2>(&temb);
        let text_mods = self.double_stream_modulation_txt.forward::<2>(&temb);
        let [single_mod] = self.single_stream_modulation.forward::<1>(&temb);

        let mut streams = (self.x_embedder.forward(input.latents), self.context_embedder.forward(input.text));
        for (n, block) in self.transformer_blocks.iter().enumerate() {
            streams = block.forward(streams, &image_mods, &text_mods, input.rotary);
            observe(Site::DoubleImage(n), &streams.0);
            observe(Site::DoubleText(n), &streams.1);
        }
        let (image, text) = streams;
        let (image_tokens, text_tokens) = (image.size()[1], text.size()[1]);
        let mut joint = Tensor::cat(&[text, image], 1); // (batch, text + image, dim)
        for (n, block) in self.single_transformer_blocks.iter().enumerate() {
            joint = block.forward(&joint, &single_mod, input.rotary);
            observe(Site::Single(n), &joint);
        }
        let image = joint.narrow(1, text_tokens, image_tokens);
        Ok(self.proj_out.forward(&self.norm_out.forward(&image, &temb)))
    }
}

impl TransformerInput<'_> {
    fn check(&self, config: &Flux2Config) -> Result<()> {
        let (latents, text, timestep) = (self.latents.size(), self.text.size(), self.timestep.size());
        let fits = latents.len() == 3
            && text.len() == 3
            && latents[0] == text[0]
            && latents[2] == config.in_channels
            && text[2] == config.joint_attention_dim
            && (timestep == [1] || timestep == [latents[0]])
            && self.rotary.tokens() == text[1] + latents[1];
        if fits {
            return Ok(());
        }
        let what = format!(
            "latents {latents:?}, text {text:?}, timestep {timestep:?}, rotary for {} tokens do not go together",
            self.rotary.tokens()
        );
        Err(EngineError::new(ErrorKind::Invalid, what))
    }
}

/// `norm_out`: a last norm whose scale and shift come from the time.
#[derive(Debug)]
struct NormOut {
    linear: Linear,
    norm: LayerNorm,
}

impl NormOut {
    fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        let dim = config.dim();
        Self { linear: Linear::load(&vars.sub("linear"), dim, 2 * dim), norm: LayerNorm::plain(dim, config.eps) }
    }

    fn forward(&self, x: &Tensor, temb: &Tensor) -> Tensor {
        // Scale before shift here, unlike in the blocks.
        let parts = self.linear.forward(&temb.silu()).unsqueeze(1).chunk(2, -1); // (1 or batch, 1, dim) twice
        parts[1].addcmul(&(&parts[0] + 1.0), &self.norm.forward(x))
    }
}
