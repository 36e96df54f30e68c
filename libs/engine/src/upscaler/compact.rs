use super::network::{PRelu, SCALE};
use crate::conv::Conv2d;
use crate::weights::{Vars, Weights};
use tch::Tensor;

/// Real-ESRGAN's compact network, `SRVGGNetCompact` (Real-ESRGAN 0.3, `archs/srvgg_arch.py`, BSD-3-Clause), of any depth
/// and width: convolutions with PReLU between them predict what nearest-neighbour enlargement lacks.
#[derive(Debug)]
pub(super) struct Compact {
    body: Vec<(Conv2d, PRelu)>, // body.0 and body.1, body.2 and body.3, …
    last: Conv2d,               // the last of body
}

impl Compact {
    /// Depth and width are what the weights say.
    pub(super) fn load(weights: &Weights) -> Self {
        let shape = |layer: usize| weights.shape(&format!("body.{layer}.weight"));
        let layers = (0..).take_while(|layer| shape(*layer).is_some()).count();
        let last = layers.saturating_sub(1) / 2 * 2; // convolutions have even numbers
        let width = shape(0).and_then(|shape| shape.first().copied()).unwrap_or(0);
        Self::new(&weights.root().sub("body"), last, width)
    }

    fn new(body: &Vars<'_>, last: usize, width: i64) -> Self {
        let layer = |index: usize| {
            let channels_in = if index == 0 { 3 } else { width };
            let convolution = Conv2d::load(&body.sub(index), channels_in, width, 3);
            (convolution, PRelu::load(&body.sub(index + 1), width))
        };
        Self {
            body: (0..last).step_by(2).map(layer).collect(),
            last: Conv2d::load(&body.sub(last), width, 3 * SCALE * SCALE, 3),
        }
    }

    /// How far a pixel is felt: one for every convolution.
    pub(super) fn reach(&self) -> i64 {
        self.body.len() as i64 + 1
    }

    /// `x`: (1, 3, height, width); gives (1, 3, 4 · height, 4 · width).
    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        let mut detail = x.shallow_clone();
        for (convolution, activation) in &self.body {
            detail = convolution.forward(&detail); // what it was before is gone by the next line
            detail = activation.forward(&detail);
        }
        detail = self.last.forward(&detail); // (1, 3 · 16, height, width)
        let mut large = detail.pixel_shuffle(SCALE);
        let size = [large.size()[2], large.size()[3]];
        large += x.upsample_nearest2d(size, None, None);
        large
    }
}
