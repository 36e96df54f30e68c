use super::AutoencoderConfig;
use super::decoder::Decoder;
use super::encoder::Encoder;
use super::tiling::Tiling;
use super::tokens::TokenNorm;
use crate::conv::Conv2d;
use crate::error::{EngineError, ErrorKind, Result};
use crate::weights::{Vars, Weights};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Pictures with a longer side are coded in tiles of this many pixels, unless set otherwise.
const TILE: i64 = 1024;

/// FLUX.2's autoencoder: pixels within −1..=1 to and from latents of an eighth of the sides, and those to and from the
/// transformer's tokens.
///
/// Fields and their paths follow the keys of the diffusers checkpoint. Inputs may be of any number type and on any
/// device; results are of the weights' number type on the weights' device. libtorch's own failures panic, as all of
/// `tch` does.
#[derive(Debug)]
pub struct AutoencoderKlFlux2 {
    config: AutoencoderConfig,
    encoder: Encoder,
    decoder: Decoder,
    quant_conv: Option<Conv2d>,
    post_quant_conv: Option<Conv2d>,
    bn: TokenNorm,
    tile: i64,
}

/// The normal distribution that a picture encodes to.
#[derive(Debug)]
pub struct Posterior {
    mean: Tensor,         // (batch, latent channels, height, width)
    log_variance: Tensor, // (batch, latent channels, height, width)
}

impl Posterior {
    /// From mean and log-variance beneath each other: (batch, 2 · latent channels, height, width).
    fn new(moments: &Tensor) -> Self {
        let mut parts = moments.chunk(2, 1);
        let log_variance = parts.remove(1).clamp(-30.0, 20.0);
        Self { mean: parts.remove(0), log_variance }
    }

    /// The likeliest latents: (batch, latent channels, height, width).
    pub fn mode(&self) -> &Tensor {
        &self.mean
    }

    /// Latents drawn with the given standard normal noise of the same shape.
    pub fn sample(&self, noise: &Tensor) -> Tensor {
        self.mean.addcmul(&(&self.log_variance * 0.5).exp(), noise)
    }
}

impl AutoencoderKlFlux2 {
    /// Loads a diffusers folder: `config.json` and `*.safetensors`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] for the configuration; [`ErrorKind::Weights`] listing missing, unused and misshapen names.
    pub fn load(dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        let config = AutoencoderConfig::read(&dir.join("config.json"))?;
        let weights = Weights::open_dir(dir, device, kind)?;
        let model = Self::new(&weights.root(), config);
        weights.finish()?;
        Ok(model)
    }

    /// Builds the network from named weights; the caller calls [`Weights::finish`].
    #[must_use]
    pub fn new(vars: &Vars<'_>, config: AutoencoderConfig) -> Self {
        let pointwise = |name: &str, channels: i64| Conv2d::load(&vars.sub(name), channels, channels, 1);
        let latent = config.latent_channels;
        Self {
            encoder: Encoder::load(&vars.sub("encoder"), &config),
            decoder: Decoder::load(&vars.sub("decoder"), &config),
            quant_conv: config.use_quant_conv.then(|| pointwise("quant_conv", 2 * latent)),
            post_quant_conv: config.use_post_quant_conv.then(|| pointwise("post_quant_conv", latent)),
            bn: TokenNorm::load(&vars.sub("bn"), &config),
            tile: TILE,
            config,
        }
    }

    /// Sets the tile's side in pixels, 1024 at first: pictures with a longer side are coded in tiles, with memory for one
    /// tile. Rounded down to what falls into four overlaps of whole latent pixels (32 for FLUX.2), at least that.
    #[must_use]
    pub fn with_tile(mut self, pixels: i64) -> Self {
        let step = 4 * self.config.scale();
        self.tile = (pixels / step).max(1) * step;
        self
    }

    /// The configuration the network was built from.
    #[must_use]
    pub fn config(&self) -> &AutoencoderConfig {
        &self.config
    }

    /// Encodes pixels (batch, 3, height, width), sides multiples of [`AutoencoderConfig::scale`].
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for pixels of any other shape.
    pub fn encode(&self, pixels: &Tensor) -> Result<Posterior> {
        let scale = self.config.scale();
        check(pixels, self.config.in_channels, [scale, scale])?;
        let network = |pixels: &Tensor| through(self.quant_conv.as_ref(), self.encoder.forward(pixels));
        Ok(Posterior::new(&tiled(Tiling::new(self.tile, self.tile / scale), &self.taken(pixels), network)))
    }

    /// Decodes latents (batch, latent channels, height, width) to pixels (batch, 3, scale · height, scale · width).
    /// Values may leave −1..=1 a little.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for latents of any other shape.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        check(latents, self.config.latent_channels, [1, 1])?;
        let network =
            |latents: &Tensor| self.decoder.forward(&through(self.post_quant_conv.as_ref(), latents.shallow_clone()));
        let tiling = Tiling::new(self.tile / self.config.scale(), self.tile);
        Ok(tiled(tiling, &self.taken(latents), network))
    }

    /// Encodes pixels (batch, 3, height, width) as the transformer takes them: the mode of the latents, patched and
    /// normalised, (batch, tokens, token channels) in row-major order. Sides are multiples of 16 for FLUX.2.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for pixels of any other shape.
    pub fn encode_tokens(&self, pixels: &Tensor) -> Result<Tensor> {
        check(pixels, self.config.in_channels, self.config.patch_size.map(|side| side * self.config.scale()))?;
        Ok(self.bn.tokens(self.encode(pixels)?.mode()))
    }

    /// Decodes what the transformer made, (batch, rows · columns, token channels), to pixels
    /// (batch, 3, 16 · rows, 16 · columns for FLUX.2).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for tokens of any other shape.
    pub fn decode_tokens(&self, tokens: &Tensor, rows: i64, columns: i64) -> Result<Tensor> {
        let (size, channels) = (tokens.size(), self.config.token_channels());
        if rows < 1 || columns < 1 || size.len() != 3 || size[1..] != [rows * columns, channels] {
            let what = format!("tokens {size:?} are not (batch, {rows} · {columns}, {channels})");
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        self.decode(&self.bn.latents(&self.taken(tokens), rows, columns))
    }

    /// On the weights' device, in their number type.
    fn taken(&self, x: &Tensor) -> Tensor {
        x.to_device(self.bn.like().device()).to_kind(self.bn.like().kind())
    }
}

/// The network over the whole map, or tile by tile where it is too large.
fn tiled(tiling: Tiling, x: &Tensor, network: impl Fn(&Tensor) -> Tensor) -> Tensor {
    if tiling.cuts(x.size()[2], x.size()[3]) { tiling.run(x, network) } else { network(x) }
}

fn through(convolution: Option<&Conv2d>, x: Tensor) -> Tensor {
    match convolution {
        Some(convolution) => convolution.forward(&x),
        None => x,
    }
}

/// Whether `x` is (batch, channels, height, width) with sides in whole steps.
fn check(x: &Tensor, channels: i64, [rows, columns]: [i64; 2]) -> Result<()> {
    let size = x.size();
    let whole = |side: i64, step: i64| side > 0 && side % step == 0;
    if size.len() == 4 && size[1] == channels && whole(size[2], rows) && whole(size[3], columns) {
        return Ok(());
    }
    let what =
        format!("a map of {size:?} is not (batch, {channels}, height, width), sides multiples of {rows} and {columns}");
    Err(EngineError::new(ErrorKind::Invalid, what))
}
