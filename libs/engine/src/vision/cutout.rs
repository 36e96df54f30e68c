use super::residual::ConvUnit;
use crate::conv::Conv2d;
use crate::weights::Vars;
use tch::Tensor;

/// Channels of the five scales, from the full size to a sixteenth.
const WIDTHS: [i64; 5] = [16, 32, 64, 96, 128];

/// The cut-out network: a U-Net that adds what it saw at every scale on its way down to what it makes of it on its way
/// up (as LinkNet, Chaurasia and Culurciello 2017), and gives the alpha of whatever stands out.
#[derive(Debug)]
pub struct CutoutNet {
    down: Vec<[ConvUnit; 2]>,
    up: Vec<(Conv2d, ConvUnit)>, // from the coarsest; 1 × 1 to fewer channels, then 3 × 3
    alpha: Conv2d,
}

impl CutoutNet {
    /// Side of the square input in pixels.
    pub const SIDE: i64 = 128;

    /// Builds the network from named weights; the caller calls [`crate::Weights::finish`].
    #[must_use]
    pub fn new(vars: &Vars<'_>) -> Self {
        let down = |n: usize| {
            let (vars, channels_in) = (vars.sub("down").sub(n), if n == 0 { 3 } else { WIDTHS[n - 1] });
            let first = ConvUnit::load(&vars.sub(0), channels_in, WIDTHS[n], n > 0);
            [first, ConvUnit::load(&vars.sub(1), WIDTHS[n], WIDTHS[n], false)]
        };
        let up = |n: usize| {
            let vars = vars.sub("up").sub(n);
            let narrow = Conv2d::load(&vars.sub("narrow"), WIDTHS[n + 1], WIDTHS[n], 1);
            (narrow, ConvUnit::load(&vars.sub("unit"), WIDTHS[n], WIDTHS[n], false))
        };
        Self {
            down: (0..WIDTHS.len()).map(down).collect(),
            up: (0..WIDTHS.len() - 1).rev().map(up).collect(),
            alpha: Conv2d::load(&vars.sub("alpha"), WIDTHS[0], 1, 3),
        }
    }

    /// The logits of alpha, (batch, 1, height, width), of pictures (batch, 3, height, width): sRGB within −1..=1, sides
    /// multiples of 16.
    pub fn forward(&self, pictures: &Tensor) -> Tensor {
        let mut seen = Vec::with_capacity(self.down.len());
        let mut x = pictures.shallow_clone();
        for [first, second] in &self.down {
            x = second.forward(&first.forward(&x));
            seen.push(x.shallow_clone());
        }
        let _coarsest = seen.pop();
        for (narrow, unit) in &self.up {
            let Some(skip) = seen.pop() else { break };
            let size = skip.size();
            let wider = narrow.forward(&x).upsample_nearest2d([size[2], size[3]].as_slice(), None, None);
            x = unit.forward(&(wider + skip));
        }
        self.alpha.forward(&x)
    }
}
