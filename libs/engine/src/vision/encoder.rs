use super::colours::{BINS, histogram};
use super::efficientnet::EfficientNetLite0;
use crate::nn::Linear;
use crate::weights::Vars;
use tch::{Kind, Tensor};

/// Dimensions that the features are brought to.
const SHAPE: i64 = 128;
/// How much of a cosine is that of the features; the rest is that of the colours. Measured, see `docs/benchmarks/identity.md`.
const SHARE: f64 = 0.4;
/// Pixels of a side whose mean counts as one colour.
const GRAIN: i64 = 4;

/// The subject encoder: what a network that knows a thousand things sees in a subject, and the subject's colours, which that
/// network hardly sees. Views of one subject lie close on the unit sphere, others far.
#[derive(Debug)]
pub struct SubjectEncoder {
    network: EfficientNetLite0,
    projection: Linear,
}

impl SubjectEncoder {
    /// Side of the square input in pixels.
    pub const SIDE: i64 = 224;
    /// Dimensions of an embedding.
    pub const DIMENSIONS: i64 = SHAPE + BINS as i64;

    /// Builds the network from named weights; the caller calls [`crate::Weights::finish`].
    #[must_use]
    pub fn new(vars: &Vars<'_>) -> Self {
        let projection = Linear::load(&vars.sub("projection"), EfficientNetLite0::FEATURES, SHAPE);
        Self { network: EfficientNetLite0::new(vars), projection }
    }

    /// Embeddings of length 1, (batch, dimensions), of subjects (batch, 4, side, side): sRGB within −1..=1 over a neutral
    /// grey (0), and alpha within 0..=1, the subject as large as the square allows. The cosine of two is the mean of that of
    /// their features and that of their colours, weighted.
    pub fn forward(&self, subjects: &Tensor) -> Tensor {
        let alpha = subjects.narrow(1, 3, 1);
        let premultiplied = (subjects.narrow(1, 0, 3) + &alpha) / 2.0;
        // Products are photographed before white more than before any other ground, and so the network knows them best.
        let features = self.projection.forward(&self.network.forward(&(&premultiplied + 1.0 - &alpha)));
        let length = features.norm_scalaropt_dim(2.0, [1].as_slice(), true).clamp_min(1e-6);
        let colours = colours(&Tensor::cat(&[premultiplied, alpha], 1));
        Tensor::cat(&[features / length * SHARE.sqrt(), colours * (1.0 - SHARE).sqrt()], 1)
    }
}

/// Histograms (batch, bins) of premultiplied planes (batch, 4, side, side).
fn colours(planes: &Tensor) -> Tensor {
    let grains = planes.avg_pool2d([GRAIN; 2], [GRAIN; 2], [0, 0], false, true, None::<i64>).to_kind(Kind::Float);
    let of = |subject: Tensor| {
        let mut values = vec![0.0; subject.numel()];
        let count = values.len();
        subject.contiguous().copy_data(&mut values, count);
        Tensor::from_slice(&histogram(&values))
    };
    Tensor::stack(&grains.unbind(0).into_iter().map(of).collect::<Vec<_>>(), 0)
}
