use super::block::{DoubleBlock, SingleBlock};
use super::conditioning::{Conditioning, Modulation, NormOut};
use super::embedding::TimeGuidanceEmbed;
use super::references::ReferenceKv;
use super::{Flux2Config, Rotary};
use crate::error::{EngineError, ErrorKind, Result};
use crate::nn::Linear;
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
    /// Latent tokens of the image, then of the references that `rotary`'s layout names: (batch, tokens, in_channels).
    pub latents: &'a Tensor,
    /// Text states: (batch, text tokens, joint_attention_dim).
    pub text: &'a Tensor,
    /// What the time does, see [`Flux2Transformer2DModel::condition`].
    pub conditioning: &'a Conditioning,
    /// Rotations for the same layout of tokens.
    pub rotary: &'a Rotary,
    /// References that are known already and take no part in the forward but to be looked at.
    pub references: Option<&'a ReferenceKv>,
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

    /// What the time does to the blocks. `timestep` (n) is within 0..=1, 1 being pure noise; `guidance`, for networks with
    /// `guidance_embeds`, has its shape. n is 1 for a whole batch, the batch for a time per image, or the number of
    /// steps of a schedule, of which [`Conditioning::step`] takes one.
    #[must_use]
    pub fn condition(&self, timestep: &Tensor, guidance: Option<&Tensor>) -> Conditioning {
        let temb = self.time_guidance_embed.forward(timestep, guidance); // (n, dim)
        let [single] = self.single_stream_modulation.forward::<1>(&temb);
        Conditioning {
            image: self.double_stream_modulation_img.forward(&temb),
            text: self.double_stream_modulation_txt.forward(&temb),
            single,
            out: self.norm_out.modulation(&temb),
        }
    }

    /// The velocity of the image's tokens: (batch, image tokens, prediction channels).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for inputs of the wrong shape. libtorch's own failures panic, as all of `tch` does;
    /// the pipeline turns those into errors.
    pub fn forward(&self, input: TransformerInput<'_>) -> Result<Tensor> {
        self.forward_observed(input, &mut |_, _| {})
    }

    /// As [`Self::forward`], showing the streams after every block to `observe`. They are written over by the next
    /// block, and after the last block only the image's tokens are left.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn forward_observed(
        &self,
        input: TransformerInput<'_>,
        observe: &mut dyn FnMut(Site, &Tensor),
    ) -> Result<Tensor> {
        let TransformerInput { conditioning, rotary, references, .. } = input;
        input.check(&self.config, self.blocks())?;
        let mut known = references.map(|kv| kv.layers.iter());
        let mut next = || known.as_mut().and_then(Iterator::next);

        let mut streams = (self.x_embedder.forward(input.latents), self.context_embedder.forward(input.text));
        for (n, block) in self.transformer_blocks.iter().enumerate() {
            streams = block.forward(streams, &conditioning.image, &conditioning.text, rotary, next());
            observe(Site::DoubleImage(n), &streams.0);
            observe(Site::DoubleText(n), &streams.1);
        }
        let (image, text) = streams;
        let kept = text.size()[1]..text.size()[1] + rotary.layout().image.tokens();
        let mut joint = Tensor::cat(&[text, image], 1); // (batch, all tokens, dim)
        let last = self.single_transformer_blocks.len().saturating_sub(1);
        for (n, block) in self.single_transformer_blocks.iter().enumerate() {
            joint = if n == last {
                block.forward_kept(&joint, &conditioning.single, rotary, next(), &kept)
            } else {
                block.forward(joint, &conditioning.single, rotary, next())
            };
            observe(Site::Single(n), &joint);
        }
        if self.single_transformer_blocks.is_empty() {
            joint = joint.narrow(1, kept.start, kept.end - kept.start).contiguous();
        }
        Ok(self.proj_out.forward(&self.norm_out.forward(&joint, &conditioning.out)))
    }

    /// What the network makes of references alone, for [`TransformerInput::references`].
    ///
    /// `latents`: (1, reference tokens, in_channels); `conditioning`: that of time 0; `rotary`: of a layout with
    /// references only.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for inputs of the wrong shape.
    pub fn references(&self, latents: &Tensor, conditioning: &Conditioning, rotary: &Rotary) -> Result<ReferenceKv> {
        let size = latents.size();
        if size.len() != 3 || size[2] != self.config.in_channels || size[1] != rotary.layout().tokens() {
            let what = format!("references {size:?} for a layout of {} tokens", rotary.layout().tokens());
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        let mut layers = Vec::with_capacity(self.blocks());
        let mut x = self.x_embedder.forward(latents);
        for block in &self.transformer_blocks {
            let (next, kv) = block.forward_references(x, &conditioning.image, rotary);
            layers.push(kv);
            x = next;
        }
        for block in &self.single_transformer_blocks {
            let (next, kv) = block.forward_references(x, &conditioning.single, rotary);
            layers.push(kv);
            x = next;
        }
        Ok(ReferenceKv { layers })
    }

    /// Blocks of both kinds.
    fn blocks(&self) -> usize {
        self.transformer_blocks.len() + self.single_transformer_blocks.len()
    }
}

impl TransformerInput<'_> {
    fn check(&self, config: &Flux2Config, blocks: usize) -> Result<()> {
        let (latents, text, times) = (self.latents.size(), self.text.size(), self.conditioning.times());
        let fits = latents.len() == 3
            && text.len() == 3
            && latents[0] == text[0]
            && latents[2] == config.in_channels
            && text[2] == config.joint_attention_dim
            && (times == 1 || times == latents[0])
            && self.rotary.layout().text == text[1]
            && self.rotary.layout().tokens() == text[1] + latents[1]
            && self.references.is_none_or(|kv| kv.layers.len() == blocks);
        if fits {
            return Ok(());
        }
        let what = format!(
            "latents {latents:?}, text {text:?}, {times} times, {:?}, references of {:?} blocks do not go together",
            self.rotary.layout(),
            self.references.map(|kv| kv.layers.len())
        );
        Err(EngineError::new(ErrorKind::Invalid, what))
    }
}
