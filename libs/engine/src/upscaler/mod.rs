//! Makes images larger with convolutional networks, tile by tile.

mod canvas;
mod compact;
mod network;
mod rrdb;
mod tiles;

use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use crate::pixels;
use crate::weights::Weights;
use canvas::{Canvas, Image, Map};
use cavendish_renderer::Pixels;
use network::{Network, SCALE};
use std::path::Path;
use tch::{Device, Kind, Tensor};
use tiles::{Cut, Joiner, Span};

/// Memory for a tile unless set otherwise.
const MEMORY_CPU: u64 = 256 << 20;
/// The same on a GPU, which small tiles leave idle.
const MEMORY_GPU: u64 = 2 << 30;
/// The least that a tile covers, whatever the memory: below, almost all work is for margins.
const LEAST_TILE: i64 = 32;

/// A network that enlarges four times per pass: Real-ESRGAN's compact one, or ESRGAN's RRDBNet. Which, and how deep and
/// wide, is told by the weights.
///
/// One or two passes and an antialiased reduction give every factor from 2 to 16. Memory is the finished image (three bytes
/// a pixel) and a tile, whatever the size.
#[derive(Debug)]
pub struct Upscaler {
    network: Network,
    device: Device,
    memory: u64,
}

impl Upscaler {
    /// Loads `model.safetensors` from a folder.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if it holds neither network.
    pub fn load(dir: &Path, device: Device) -> Result<Self> {
        guarded(|| {
            let weights = Weights::open(&dir.join("model.safetensors"), device, Kind::Float)?;
            let network = Network::load(&weights);
            weights.finish()?;
            let memory = if device.is_cuda() { MEMORY_GPU } else { MEMORY_CPU };
            Ok(Self { network, device, memory })
        })
    }

    /// Sets how many bytes a tile may take while it is computed: 256 MiB on a CPU and 2 GiB on a GPU at first. Small tiles
    /// spend much of their time on margins.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Whether images can be made this many times as large: 1 (as they are) to 16.
    #[must_use]
    pub fn supports(factor: u32) -> bool {
        (1..=16).contains(&factor)
    }

    /// The image `factor` times as wide and as high. The same pixels give the same pixels.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a factor that is not supported or pixels that are not whole;
    /// [`ErrorKind::OutOfMemory`] and [`ErrorKind::Torch`] for the device.
    pub fn upscale(&self, image: &Pixels, factor: u32) -> Result<Pixels> {
        guarded(|| self.paint(&pixels::to_tensor(image)?, factor))
    }

    /// As [`Self::upscale`] from `x`: (1, 3, height, width), values beyond 0..=1 cut off.
    ///
    /// # Errors
    /// As [`Self::upscale`], but libtorch's own failures panic.
    pub fn paint(&self, x: &Tensor, factor: u32) -> Result<Pixels> {
        let Some((x, last)) = self.all_but_last(x, factor)? else { return pixels::from_tensor(x) };
        let mut image = Image::new(last.out(x.size()[2]), last.out(x.size()[3]));
        self.pass(&x, last, &mut image)?;
        Ok(image.0)
    }

    /// As [`Self::paint`], but gives a tensor (1, 3, factor · height, factor · width), not clamped, and holds it whole.
    ///
    /// # Errors
    /// As [`Self::paint`].
    pub fn enlarge(&self, x: &Tensor, factor: u32) -> Result<Tensor> {
        let Some((x, last)) = self.all_but_last(x, factor)? else { return Ok(x.shallow_clone()) };
        self.to_map(&x, last)
    }

    /// What the last pass starts from, and that pass; `None` if there is nothing to do.
    fn all_but_last(&self, x: &Tensor, factor: u32) -> Result<Option<(Tensor, Pass)>> {
        let size = x.size();
        if !Self::supports(factor) || size.len() != 4 || size[..2] != [1, 3] || x.numel() == 0 {
            let what =
                format!("an image {size:?} cannot be enlarged {factor} times: (1, 3, height, width), 1 to 16 times");
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        let x = x.to_device(self.device).to_kind(Kind::Float);
        Ok(match Pass::plan(i64::from(factor)) {
            (None, None) => None,
            (None, Some(last)) => Some((x, last)),
            (Some(first), last) => last.map(|last| self.to_map(&x, first).map(|x| (x, last))).transpose()?,
        })
    }

    fn to_map(&self, x: &Tensor, pass: Pass) -> Result<Tensor> {
        let mut map = Map::new(pass.out(x.size()[2]), pass.out(x.size()[3]), self.device);
        self.pass(x, pass, &mut map)?;
        Ok(map.0)
    }

    /// One pass over `x`: (1, 3, height, width), tile by tile.
    fn pass(&self, x: &Tensor, pass: Pass, canvas: &mut dyn Canvas) -> Result<()> {
        let cut = self.cut(pass);
        let all_columns = cut.spans(x.size()[3]);
        let mut joiner = Joiner::default();
        for rows in cut.spans(x.size()[2]) {
            for columns in &all_columns {
                let tile = self.tile(x, pass, rows, *columns);
                let seams = |span: &Span| [span.before, span.after].map(|side| pass.out(side));
                let part = joiner.join(&tile, seams(&rows), seams(columns));
                canvas.put(&part, pass.out(rows.start), pass.out(columns.start))?;
            }
            joiner.end_row();
        }
        Ok(())
    }

    /// The enlarged tile, its margins cut off: (1, 3, height, width).
    fn tile(&self, x: &Tensor, pass: Pass, rows: Span, columns: Span) -> Tensor {
        let part = x.narrow(2, rows.from, rows.size).narrow(3, columns.from, columns.size).clamp(0.0, 1.0);
        let mut large = self.network.forward(&part);
        if pass.out(SCALE) != SCALE * SCALE {
            let size = [pass.out(rows.size), pass.out(columns.size)];
            large = large.internal_upsample_bicubic2d_aa(size, false, None, None);
        }
        let keep = |large: &Tensor, span: Span, axis: i64| {
            large.narrow(axis, pass.out(span.start - span.from), pass.out(span.end - span.start))
        };
        keep(&keep(&large, rows, 2), columns, 3)
    }

    /// Tiles that fit the memory.
    fn cut(&self, pass: Pass) -> Cut {
        let (margin, seam) = (self.network.margin(), self.network.seam());
        let side = ((self.memory / self.network.bytes_per_pixel()) as f64).sqrt() as i64;
        Cut { tile: (side - 2 * margin - seam).max(LEAST_TILE), margin, seam, step: pass.divisor }
    }
}

/// One pass: sides become `times / divisor` as long, at most four times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pass {
    times: i64,
    divisor: i64, // what goes in has sides that are multiples of it
}

impl Pass {
    /// A first pass where two are needed, and the last. The first makes no more of the image than the last needs: that is
    /// the one that costs.
    fn plan(factor: i64) -> (Option<Self>, Option<Self>) {
        let first = (factor + SCALE - 1) / SCALE;
        let pass = |times: i64, divisor: i64| (times > 1).then_some(Self { times, divisor });
        (pass(first, 1), pass(factor, first))
    }

    /// What a length, a multiple of the divisor, becomes.
    fn out(self, length: i64) -> i64 {
        length * self.times / self.divisor
    }
}
