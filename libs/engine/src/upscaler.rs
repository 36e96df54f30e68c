//! Makes images larger with a small convolutional network.

use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use crate::pixels;
use crate::weights::{Vars, Weights};
use cavendish_renderer::Pixels;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// How much one pass enlarges.
const PASS: i64 = 4;
/// Layers: 18 convolutions with 17 activations between them.
const LAYERS: usize = 35;
/// Channels inside.
const WIDTH: i64 = 64;
/// Pixels of a tile that are kept. Bounds the memory: a tile takes about 100 MB.
const TILE: i64 = 256;
/// Pixels around a tile that are computed and thrown away: one for every convolution, so that no seam can be seen.
const MARGIN: i64 = 18;

/// Real-ESRGAN's compact network (SRVGGNetCompact) as in `realesr-animevideov3`, four times as large per pass.
///
/// Convolutions with PReLU between them predict what nearest-neighbour enlargement lacks.
#[derive(Debug)]
pub struct Upscaler {
    body: Vec<Layer>,
    device: Device,
}

#[derive(Debug)]
enum Layer {
    Convolution { weight: Tensor, bias: Tensor }, // (out, in, 3, 3), (out)
    PRelu { weight: Tensor },                     // (channels)
}

impl Layer {
    fn load(vars: &Vars<'_>, index: usize) -> Self {
        if index % 2 == 1 {
            return Self::PRelu { weight: vars.tensor("weight", &[WIDTH]) };
        }
        let channels_in = if index == 0 { 3 } else { WIDTH };
        let channels_out = if index == LAYERS - 1 { 3 * PASS * PASS } else { WIDTH };
        Self::Convolution {
            weight: vars.tensor("weight", &[channels_out, channels_in, 3, 3]),
            bias: vars.tensor("bias", &[channels_out]),
        }
    }

    /// `x`: (1, channels, height, width).
    fn forward(&self, x: &Tensor) -> Tensor {
        match self {
            Self::Convolution { weight, bias } => x.conv2d(weight, Some(bias), [1, 1], [1, 1], [1, 1], 1),
            Self::PRelu { weight } => x.prelu(weight),
        }
    }
}

impl Upscaler {
    /// Loads `model.safetensors` from a folder.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if it does not hold this network.
    pub fn load(dir: &Path, device: Device) -> Result<Self> {
        guarded(|| {
            let weights = Weights::open(&dir.join("model.safetensors"), device, Kind::Float)?;
            let body = weights.root().sub("body");
            let body = (0..LAYERS).map(|index| Layer::load(&body.sub(index), index)).collect();
            weights.finish()?;
            Ok(Self { body, device })
        })
    }

    /// Whether images can be made this many times as large: 1 (as they are), 4 or 16.
    #[must_use]
    pub fn supports(factor: u32) -> bool {
        matches!(factor, 1 | 4 | 16)
    }

    /// The image `factor` times as wide and as high. The same pixels give the same pixels.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a factor that is not supported or pixels that are not whole;
    /// [`ErrorKind::OutOfMemory`] and [`ErrorKind::Torch`] for the device.
    pub fn upscale(&self, image: &Pixels, factor: u32) -> Result<Pixels> {
        guarded(|| pixels::from_tensor(&self.enlarge(&pixels::to_tensor(image)?.to_device(self.device), factor)?))
    }

    /// `x`: (1, 3, height, width) in 0..=1; gives (1, 3, factor · height, factor · width), not clamped.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a factor that is not supported.
    pub fn enlarge(&self, x: &Tensor, factor: u32) -> Result<Tensor> {
        if !Self::supports(factor) {
            return Err(EngineError::new(ErrorKind::Invalid, format!("factor is {factor}, not 1, 4 or 16")));
        }
        let passes = factor.ilog2() / 2;
        Ok((0..passes).fold(x.shallow_clone(), |x, _| self.pass(&x.clamp(0.0, 1.0))))
    }

    /// One pass, tile by tile.
    fn pass(&self, x: &Tensor) -> Tensor {
        let (height, width) = (x.size()[2], x.size()[3]);
        let rows: Vec<Tensor> = Span::cover(height)
            .map(|rows| {
                let strip = x.narrow(2, rows.from, rows.size);
                let tiles = Span::cover(width).map(|columns| {
                    let large = self.forward(&strip.narrow(3, columns.from, columns.size));
                    columns.keep(&rows.keep(&large, 2), 3)
                });
                Tensor::cat(&tiles.collect::<Vec<_>>(), 3)
            })
            .collect();
        Tensor::cat(&rows, 2)
    }

    /// `x`: (1, 3, height, width).
    fn forward(&self, x: &Tensor) -> Tensor {
        let detail = self.body.iter().fold(x.contiguous(), |x, layer| layer.forward(&x)); // (1, 3 · 16, height, width)
        let (height, width) = (x.size()[2] * PASS, x.size()[3] * PASS);
        detail.pixel_shuffle(PASS) + x.upsample_nearest2d([height, width], None, None)
    }
}

/// A tile along one axis, with its margins.
struct Span {
    from: i64,
    size: i64,
    margin: i64, // before what is kept
    kept: i64,
}

impl Span {
    fn cover(length: i64) -> impl Iterator<Item = Self> {
        (0..length).step_by(TILE as usize).map(move |start| {
            let end = (start + TILE).min(length);
            let from = (start - MARGIN).max(0);
            Self { from, size: (end + MARGIN).min(length) - from, margin: start - from, kept: end - start }
        })
    }

    /// What is kept of the enlarged tile.
    fn keep(&self, large: &Tensor, axis: i64) -> Tensor {
        large.narrow(axis, self.margin * PASS, self.kept * PASS)
    }
}
