use super::residual::{ConvUnit, Residual};
use crate::nn::Linear;
use crate::weights::Vars;
use tch::Tensor;

/// Channels of the four scales.
const WIDTHS: [i64; 4] = [32, 64, 128, 192];

/// The subject encoder: a small residual network. Views of one subject lie close on the unit sphere, others far.
///
/// Groups of channels are normed per image, so an embedding does not depend on the batch.
#[derive(Debug)]
pub(super) struct OldEncoder {
    stages: Vec<(ConvUnit, Vec<Residual>)>,
    head: Linear,
}

impl OldEncoder {
    /// Dimensions of an embedding.
    pub(super) const DIMENSIONS: i64 = 128;

    /// Builds the network from named weights; the caller calls [`crate::Weights::finish`].
    #[must_use]
    pub(super) fn new(vars: &Vars<'_>) -> Self {
        let stage = |n: usize| {
            let (vars, channels_in) = (vars.sub("stages").sub(n), if n == 0 { 4 } else { WIDTHS[n - 1] });
            let blocks = if n == 0 { 1 } else { 2 };
            let residuals = (0..blocks).map(|m| Residual::load(&vars.sub("blocks").sub(m), WIDTHS[n]));
            (ConvUnit::load(&vars.sub("down"), channels_in, WIDTHS[n], true), residuals.collect())
        };
        Self {
            stages: (0..WIDTHS.len()).map(stage).collect(),
            head: Linear::load_biased(&vars.sub("head"), 2 * WIDTHS[3], Self::DIMENSIONS),
        }
    }

    /// Embeddings of length 1, (batch, dimensions), of subjects (batch, 4, side, side): sRGB within −1..=1 over a neutral
    /// grey (0), and alpha within 0..=1, the subject as large as the square allows.
    pub(super) fn forward(&self, subjects: &Tensor) -> Tensor {
        let mut x = subjects.shallow_clone();
        for (down, blocks) in &self.stages {
            x = down.forward(&x);
            for block in blocks {
                x = block.forward(&x);
            }
        }
        // What is there on average, and what is there at all.
        let pooled = Tensor::cat(&[x.mean_dim([2, 3].as_slice(), false, None), x.amax([2, 3].as_slice(), false)], 1);
        let y = self.head.forward(&pooled);
        &y / y.norm_scalaropt_dim(2.0, [1].as_slice(), true).clamp_min(1e-6)
    }
}
