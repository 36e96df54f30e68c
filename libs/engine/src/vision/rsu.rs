use crate::conv::Conv2d;
use crate::weights::Vars;
use tch::Tensor;

/// Channels of a block: in, within, out.
pub(super) type Channels = [i64; 3];

/// Hands out the convolutions of a checkpoint in the order in which they are used: `rebn000`, `rebn001` and so on, batch norm
/// folded in.
pub(super) struct Order<'a> {
    vars: &'a Vars<'a>,
    used: usize,
}

impl<'a> Order<'a> {
    pub(super) fn new(vars: &'a Vars<'a>) -> Self {
        Self { vars, used: 0 }
    }

    fn next(&mut self, channels_in: i64, channels_out: i64, dilation: i64) -> Conv2d {
        let vars = self.vars.sub(format_args!("rebn{:03}", self.used));
        self.used += 1;
        Conv2d::load_dilated(&vars, channels_in, channels_out, dilation)
    }
}

/// A residual U-block: a small U-Net whose input, brought to its width, is added to its output.
///
/// Source: Qin et al., "U²-Net: Going Deeper with Nested U-Structure for Salient Object Detection" (2020), figure 2.
#[derive(Debug)]
pub(super) struct Rsu {
    input: Conv2d,
    /// From the finest scale; the last looks wider instead of smaller.
    down: Vec<Conv2d>,
    /// From the coarsest.
    up: Vec<Conv2d>,
    /// Whether each layer halves the map, or widens its window instead.
    halves: bool,
}

impl Rsu {
    /// RSU-`height`: each layer but the last two halves the map.
    pub(super) fn load(order: &mut Order<'_>, height: usize, [from, within, to]: Channels) -> Self {
        let dilations = (1..=height).map(|n| if n == height { 2 } else { 1 });
        Self::build(order, [from, within, to], dilations.collect(), true)
    }

    /// RSU-4F: the map keeps its size.
    pub(super) fn load_flat(order: &mut Order<'_>, channels: Channels) -> Self {
        Self::build(order, channels, vec![1, 2, 4, 8], false)
    }

    fn build(order: &mut Order<'_>, [from, within, to]: Channels, dilations: Vec<i64>, halves: bool) -> Self {
        let input = order.next(from, to, 1);
        let width = |n: usize| if n == 0 { to } else { within };
        let down = dilations.iter().enumerate().map(|(n, dilation)| order.next(width(n), within, *dilation)).collect();
        let back = dilations[..dilations.len() - 1].iter().enumerate().rev();
        let up = back.map(|(n, dilation)| {
            order.next(2 * within, if n == 0 { to } else { within }, if halves { 1 } else { *dilation })
        });
        let up = up.collect();
        Self { input, down, up, halves }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        let input = self.input.forward(x).relu_();
        let mut seen: Vec<Tensor> = Vec::with_capacity(self.down.len());
        let last = self.down.len() - 1;
        for (n, layer) in self.down.iter().enumerate() {
            let before = seen.last().unwrap_or(&input);
            let halve = self.halves && n > 0 && n < last;
            let mut map = if halve { layer.forward(&halved(before)) } else { layer.forward(before) };
            seen.push(map.relu_());
        }
        let mut map = seen.pop().unwrap_or_else(|| input.shallow_clone());
        for (layer, beside) in self.up.iter().zip(seen.iter().rev()) {
            map = layer.forward(&Tensor::cat(&[sized(&map, beside), beside.shallow_clone()], 1)).relu_();
        }
        map + input
    }
}

/// Half as high and wide, rounded up: the largest of each two by two.
pub(super) fn halved(x: &Tensor) -> Tensor {
    x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], true)
}

/// Brought to the height and width of another map.
pub(super) fn sized(x: &Tensor, like: &Tensor) -> Tensor {
    let (from, to) = (x.size(), like.size());
    if from[2..] == to[2..] {
        return x.shallow_clone();
    }
    x.upsample_bilinear2d([to[2], to[3]].as_slice(), false, None, None)
}
