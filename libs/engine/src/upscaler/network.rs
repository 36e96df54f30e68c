use super::compact::Compact;
use super::rrdb::RrdbNet;
use crate::conv::channels_last;
use crate::weights::{Vars, Weights};
use tch::{Device, Kind, Tensor};

/// How many times as large every network makes an image.
pub(super) const SCALE: i64 = 4;

/// The networks there are.
#[derive(Debug)]
pub(super) enum Network {
    Compact(Compact),
    Rrdb(Box<RrdbNet>),
}

impl Network {
    /// The one whose names the weights have.
    pub(super) fn load(weights: &Weights) -> Self {
        match weights.shape("conv_first.weight") {
            Some(_) => Self::Rrdb(Box::new(RrdbNet::load(weights))),
            None => Self::Compact(Compact::load(weights)),
        }
    }

    /// Pixels around a tile that are computed for its sake and thrown away, not counting the seam.
    ///
    /// The compact network's reach, and one for the resampling: its tiles are what the whole image would give. The other
    /// reaches 350 pixels in name. Measured on a photograph in the smallest tiles, bytes are 0.6 off on average and one in
    /// 500 by more than 8, in fine texture; the seam blends that.
    pub(super) fn margin(&self) -> i64 {
        match self {
            Self::Compact(network) => network.reach() + 1,
            Self::Rrdb(_) => 12,
        }
    }

    /// Pixels over which a tile fades into its neighbour.
    pub(super) fn seam(&self) -> i64 {
        match self {
            Self::Compact(_) => 4, // nothing is left to hide but rounding
            Self::Rrdb(_) => 16,
        }
    }

    /// Bytes that a forward takes per pixel that goes in, at its peak: measured, see this crate's README.
    pub(super) fn bytes_per_pixel(&self) -> u64 {
        match self {
            Self::Compact(_) => 1_100,
            Self::Rrdb(_) => 14_000,
        }
    }

    /// `x`: (1, 3, height, width) in 0..=1; gives (1, 3, 4 · height, 4 · width).
    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        let x = channels_last(x);
        match self {
            Self::Compact(network) => network.forward(&x),
            Self::Rrdb(network) => network.forward(&x),
        }
    }
}

/// `x` where it is positive, elsewhere `x` times a slope.
#[derive(Debug)]
pub(super) struct PRelu {
    weight: Tensor, // (channels), or (1) for all
}

impl PRelu {
    /// Learnt slopes: `weight`.
    pub(super) fn load(vars: &Vars<'_>, channels: i64) -> Self {
        Self { weight: vars.tensor("weight", &[channels]) }
    }

    /// The same slope everywhere.
    pub(super) fn fixed(slope: f64, device: Device) -> Self {
        Self { weight: Tensor::full([1], slope, (Kind::Float, device)) }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        x.prelu(&self.weight)
    }
}
