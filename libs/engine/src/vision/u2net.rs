use super::rsu::{Channels, Order, Rsu, halved, sized};
use crate::conv::Conv2d;
use crate::weights::{Vars, Weights};
use tch::Tensor;

/// Mean and deviation of ImageNet's colours, which the network was trained on.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// Which of the two published sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum U2NetSize {
    /// U²-Netp: 1.1 million weights.
    Small,
    /// U²-Net: 44 million weights.
    Large,
}

/// U²-Net: how much every pixel stands out, as a U-Net of U-Nets.
///
/// Source: Qin et al., "U²-Net" (2020); weights in the layout that `models/vision/README.md` describes.
#[derive(Debug)]
pub struct U2Net {
    down: Vec<Rsu>,
    /// From the coarsest.
    up: Vec<Rsu>,
    /// From the finest.
    sides: Vec<Conv2d>,
    out: Conv2d,
}

impl U2Net {
    /// The size of the network whose weights these are; None where they are another's.
    #[must_use]
    pub fn size_of(weights: &Weights) -> Option<U2NetSize> {
        match weights.shape("rebn001.weight")?.first()? {
            16 => Some(U2NetSize::Small),
            32 => Some(U2NetSize::Large),
            _ => None,
        }
    }

    /// Builds the network from named weights; the caller calls [`Weights::finish`].
    #[must_use]
    pub fn new(vars: &Vars<'_>, size: U2NetSize) -> Self {
        let (down, up): ([Channels; 6], [Channels; 5]) = match size {
            U2NetSize::Small => {
                let mut down = [[64, 16, 64]; 6];
                down[0][0] = 3;
                (down, [[128, 16, 64]; 5])
            }
            U2NetSize::Large => (
                [[3, 32, 64], [64, 32, 128], [128, 64, 256], [256, 128, 512], [512, 256, 512], [512, 256, 512]],
                [[1024, 256, 512], [1024, 128, 256], [512, 64, 128], [256, 32, 64], [128, 16, 64]],
            ),
        };
        let mut order = Order::new(vars);
        let load = |order: &mut Order<'_>, stage: usize, channels: Channels| match stage {
            0..4 => Rsu::load(order, 7 - stage, channels),
            _ => Rsu::load_flat(order, channels),
        };
        let down_blocks = (0..6).map(|stage| load(&mut order, stage, down[stage])).collect();
        let up_blocks = (0..5).map(|n| load(&mut order, 4 - n, up[n])).collect();
        let widths = (0..5).rev().map(|n| up[n][2]).chain([down[5][2]]);
        let sides =
            widths.enumerate().map(|(n, width)| Conv2d::load(&vars.sub(format_args!("side{}", n + 1)), width, 1, 3));
        Self {
            down: down_blocks,
            up: up_blocks,
            sides: sides.collect(),
            out: Conv2d::load(&vars.sub("outconv"), 6, 1, 1),
        }
    }

    /// How much each pixel stands out, 0..=1, (batch, 1, height, width), of pictures (batch, 3, height, width) of sRGB
    /// within 0..=1. Trained at 320 × 320.
    pub fn forward(&self, pictures: &Tensor) -> Tensor {
        let brightest = pictures.amax([1, 2, 3].as_slice(), true).clamp_min(1e-6);
        let of = |values: [f32; 3]| Tensor::from_slice(&values).view([1, 3, 1, 1]).to_device(pictures.device());
        let mut map = (pictures / brightest - of(MEAN)) / of(DEVIATION);
        let mut seen = Vec::with_capacity(self.down.len());
        for (n, block) in self.down.iter().enumerate() {
            map = block.forward(&if n == 0 { map } else { halved(&map) });
            seen.push(map.shallow_clone());
        }
        let mut maps = vec![seen.pop().unwrap_or(map)];
        for (block, beside) in self.up.iter().zip(seen.iter().rev()) {
            let coarser = sized(&maps[maps.len() - 1], beside);
            maps.push(block.forward(&Tensor::cat(&[coarser, beside.shallow_clone()], 1)));
        }
        let sides: Vec<Tensor> =
            self.sides.iter().zip(maps.iter().rev()).map(|(side, map)| side.forward(map)).collect();
        let sides: Vec<Tensor> = sides.iter().map(|side| sized(side, &sides[0])).collect();
        self.out.forward(&Tensor::cat(&sides, 1)).sigmoid()
    }
}
