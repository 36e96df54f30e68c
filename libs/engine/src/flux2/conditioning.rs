use super::Flux2Config;
use crate::kernels;
use crate::nn::Linear;
use crate::weights::Vars;
use tch::Tensor;

/// What the time (and the guidance) do to the blocks: a function of the schedule alone, so made once for all its steps
/// and all images.
#[derive(Debug)]
pub struct Conditioning {
    pub(super) image: [Mod; 2],
    pub(super) text: [Mod; 2],
    pub(super) single: Mod,
    pub(super) out: OutMod,
}

impl Conditioning {
    /// That of the `index`-th time alone.
    #[must_use]
    pub fn step(&self, index: i64) -> Self {
        let at = |mods: &[Mod; 2]| [mods[0].step(index), mods[1].step(index)];
        let out = OutMod { scale: self.out.scale.narrow(0, index, 1), shift: self.out.shift.narrow(0, index, 1) };
        Self { image: at(&self.image), text: at(&self.text), single: self.single.step(index), out }
    }

    /// How many times it holds: one for a whole batch, or one per image.
    pub(super) fn times(&self) -> i64 {
        self.out.scale.size()[0]
    }
}

/// Scale and shift of the last norm: (n, 1, dim) each.
#[derive(Debug)]
pub(super) struct OutMod {
    pub(super) scale: Tensor,
    pub(super) shift: Tensor,
}

/// `*_modulation`: shifts, scales and gates for all blocks of a kind, from the time vector.
#[derive(Debug)]
pub(super) struct Modulation {
    linear: Linear,
}

/// What a sub-block does to its input and output: (n, 1, dim) each.
#[derive(Debug)]
pub(super) struct Mod {
    shift: Tensor,
    scale: Tensor,
    gate: Tensor,
}

impl Modulation {
    /// For `sets` sub-blocks per block.
    pub(super) fn load(vars: &Vars<'_>, dim: i64, sets: i64) -> Self {
        Self { linear: Linear::load(&vars.sub("linear"), dim, 3 * sets * dim) }
    }

    /// `temb`: (n, dim); `N` must be the number of sets the layer was loaded for.
    pub(super) fn forward<const N: usize>(&self, temb: &Tensor) -> [Mod; N] {
        let all = self.linear.forward(&temb.silu()).unsqueeze(1); // (n, 1, 3 · N · dim)
        let parts = all.chunk(3 * N as i64, -1);
        std::array::from_fn(|set| Mod {
            shift: parts[3 * set].contiguous(),
            scale: &parts[3 * set + 1] + 1.0,
            gate: parts[3 * set + 2].contiguous(),
        })
    }
}

impl Mod {
    /// `(1 + scale) · layer_norm(x) + shift`.
    pub(super) fn norm(&self, x: &Tensor, eps: f64) -> Tensor {
        kernels::modulated_norm(x, &self.scale, &self.shift, eps)
    }

    /// `residual + gate · x`, over `residual` where that can be done.
    pub(super) fn add_gated(&self, residual: Tensor, x: &Tensor) -> Tensor {
        kernels::add_gated(residual, x, &self.gate)
    }

    fn step(&self, index: i64) -> Self {
        let [shift, scale, gate] = [&self.shift, &self.scale, &self.gate].map(|x| x.narrow(0, index, 1));
        Self { shift, scale, gate }
    }
}

/// `norm_out`: a last norm whose scale and shift come from the time.
#[derive(Debug)]
pub(super) struct NormOut {
    linear: Linear,
    eps: f64,
}

impl NormOut {
    pub(super) fn load(vars: &Vars<'_>, config: &Flux2Config) -> Self {
        let dim = config.dim();
        Self { linear: Linear::load(&vars.sub("linear"), dim, 2 * dim), eps: config.eps }
    }

    /// Scale before shift here, unlike in the blocks.
    pub(super) fn modulation(&self, temb: &Tensor) -> OutMod {
        let parts = self.linear.forward(&temb.silu()).unsqueeze(1).chunk(2, -1); // (n, 1, dim) twice
        OutMod { scale: &parts[0] + 1.0, shift: parts[1].contiguous() }
    }

    pub(super) fn forward(&self, x: &Tensor, modulation: &OutMod) -> Tensor {
        kernels::modulated_norm(x, &modulation.scale, &modulation.shift, self.eps)
    }
}
