//! What a FLUX.2 block does between its matrix products, each as one sweep over the data: C kernels for f32 on a CPU,
//! libtorch's operations for everything else. Both compute the same; the tests compare them.
#![allow(unsafe_code, reason = "the safe face of the C kernels: shapes are checked here, memory in `ffi::Plain`")]

mod ffi;
mod packed;

pub(crate) use packed::PackedWeight;

use ffi::Plain;
use tch::{Kind, Tensor};

/// `layer_norm(x) · scale + shift`.
///
/// `x`: (batch, tokens, dim); `scale`, `shift`: (n, 1, dim), n being 1 or the batch.
pub(crate) fn modulated_norm(x: &Tensor, scale: &Tensor, shift: &Tensor, eps: f64) -> Tensor {
    fast_modulated_norm(x, scale, shift, eps).unwrap_or_else(|| {
        let normed = x.layer_norm([last(x)], None::<Tensor>, None::<Tensor>, eps, true);
        shift.addcmul(scale, &normed)
    })
}

fn fast_modulated_norm(x: &Tensor, scale: &Tensor, shift: &Tensor, eps: f64) -> Option<Tensor> {
    let groups = Groups::of(x, &[scale, shift])?;
    let (from, scale, shift) = (Plain::contiguous(x)?, Plain::of(scale)?, Plain::of(shift)?);
    let y = x.empty_like();
    let to = Plain::contiguous(&y)?;
    // SAFETY: all four are f32 in host memory; `Groups` checked that the rows and the modulations go together.
    unsafe {
        let Groups { count, stride, rows, dim } = groups;
        let (scale, shift) = (scale.data, shift.data);
        ffi::cavendish_modulated_norm(to.data, from.data, scale, shift, count, stride, rows, dim, eps as f32);
    }
    Some(y)
}

/// `x + gate · y`, written over `x` where that can be done: nothing else may still need `x`.
///
/// `x`, `y`: (batch, tokens, dim); `gate`: (n, 1, dim), n being 1 or the batch.
pub(crate) fn add_gated(x: Tensor, y: &Tensor, gate: &Tensor) -> Tensor {
    match fast_add_gated(&x, y, gate) {
        Some(()) => x,
        None => x.addcmul(gate, y),
    }
}

fn fast_add_gated(x: &Tensor, y: &Tensor, gate: &Tensor) -> Option<()> {
    let Groups { count, stride, rows, dim } = Groups::of(x, &[gate])?;
    let (to, from, gate) = (Plain::contiguous(x)?, Plain::contiguous(y)?, Plain::of(gate)?);
    if x.size() != y.size() {
        return None;
    }
    // SAFETY: f32 in host memory, `x` and `y` of one shape, `gate` as `Groups` checked.
    unsafe { ffi::cavendish_add_gated(to.data, from.data, gate.data, count, stride, rows, dim) };
    Some(())
}

/// `silu(first half) · second half` of the last axis of `x`: (batch, tokens, 2 · width), rows at any distance.
pub(crate) fn swiglu(x: &Tensor) -> Tensor {
    let width = last(x) / 2;
    let mut size = x.size();
    size.pop();
    size.push(width);
    let fast = Plain::of(x).and_then(|_| {
        let y = Tensor::empty(&size, (Kind::Float, x.device()));
        fast_swiglu(x, &y).map(|()| y)
    });
    fast.unwrap_or_else(|| {
        let halves = x.chunk(2, -1);
        halves[0].silu() * &halves[1]
    })
}

/// [`swiglu`] into `y`, (batch, tokens, width), which may be part of a wider tensor.
pub(crate) fn swiglu_into(x: &Tensor, y: &mut Tensor) {
    if fast_swiglu(x, y).is_none() {
        y.copy_(&swiglu(x));
    }
}

fn fast_swiglu(x: &Tensor, y: &Tensor) -> Option<()> {
    let (from, to) = (Plain::of(x)?, Plain::of(y)?);
    let (width, rows) = (last(y), rows(y));
    if last(x) != 2 * width || rows != self::rows(x) {
        return None;
    }
    // SAFETY: f32 in host memory; as many rows in both, of 2 · width and width numbers.
    unsafe { ffi::cavendish_swiglu(to.data, to.stride, from.data, from.stride, rows, width) };
    Some(())
}

/// Queries, keys and values of a token stream side by side, and what is done to them.
#[derive(Clone, Copy)]
pub(crate) struct Projected<'a> {
    /// (batch, tokens, 3 · heads · head_dim), rows at any distance.
    pub(crate) qkv: &'a Tensor,
    /// Scales of the root-mean-square norms of queries and keys: (head_dim).
    pub(crate) q_weight: &'a Tensor,
    pub(crate) k_weight: &'a Tensor,
}

/// Cosines and sines of all tokens' angles: (tokens, head_dim / 2), f32.
#[derive(Clone, Copy)]
pub(crate) struct Turns<'a> {
    pub(crate) cos: &'a Tensor,
    pub(crate) sin: &'a Tensor,
}

/// Normed and turned queries and keys, and values, of streams that lie one after the other:
/// q (batch, heads, tokens, head_dim); k, v (batch, heads, tokens + room, head_dim), the last `room` left to be filled.
///
/// `None` where the kernels cannot be used.
pub(crate) fn heads(streams: &[Projected<'_>], turns: Turns<'_>, room: i64, eps: f64) -> Option<[Tensor; 3]> {
    let first = streams.first()?;
    let (batch, head_dim) = (first.qkv.size()[0], last(first.q_weight));
    let heads = last(first.qkv) / 3 / head_dim;
    let tokens: i64 = streams.iter().map(|stream| stream.qkv.size()[1]).sum();
    let fits = |stream: &Projected<'_>| {
        stream.qkv.dim() == 3
            && stream.qkv.size()[0] == batch
            && last(stream.qkv) == 3 * heads * head_dim
            && [stream.q_weight, stream.k_weight].iter().all(|weight| weight.size() == [head_dim])
    };
    let table = [tokens, head_dim / 2];
    if !streams.iter().all(fits) || turns.cos.size() != table || turns.sin.size() != table {
        return None;
    }
    let (cos, sin) = (Plain::contiguous(turns.cos)?, Plain::contiguous(turns.sin)?);
    let options = (Kind::Float, first.qkv.device());
    let q = Tensor::empty([batch, heads, tokens, head_dim], options);
    let [k, v] = [(); 2].map(|()| Tensor::empty([batch, heads, tokens + room, head_dim], options));
    let [to_q, to_k, to_v] = [Plain::contiguous(&q)?, Plain::contiguous(&k)?, Plain::contiguous(&v)?].map(|x| x.data);
    let mut at = 0;
    for stream in streams {
        let own = stream.qkv.size()[1];
        let from = Plain::of(stream.qkv)?;
        let [q_weight, k_weight] = [Plain::contiguous(stream.q_weight)?.data, Plain::contiguous(stream.k_weight)?.data];
        // SAFETY: f32 in host memory; `fits` and the tables' shapes cover every index the kernel computes.
        unsafe {
            ffi::cavendish_heads(
                to_q,
                to_k,
                to_v,
                from.data,
                from.stride,
                batch,
                own,
                heads,
                head_dim,
                tokens,
                tokens + room,
                at,
                q_weight,
                k_weight,
                cos.data,
                sin.data,
                eps as f32,
            );
        }
        at += own;
    }
    Some([q, k, v])
}

/// How modulations of (n, 1, dim) spread over (batch, tokens, dim): one for all, or one per image.
struct Groups {
    count: i64,
    stride: i64,
    rows: i64,
    dim: i64,
}

impl Groups {
    fn of(x: &Tensor, modulations: &[&Tensor]) -> Option<Self> {
        let &[batch, tokens, dim] = x.size().as_slice() else { return None };
        let (shape, stride) = (modulations[0].size(), modulations[0].stride()[0]);
        let alike = modulations.iter().all(|m| m.size() == shape && m.stride()[0] == stride);
        match *shape.as_slice() {
            [1, 1, width] if width == dim && alike => Some(Self { count: 1, stride: 0, rows: batch * tokens, dim }),
            [n, 1, width] if n == batch && width == dim && alike => {
                Some(Self { count: batch, stride, rows: tokens, dim })
            }
            _ => None,
        }
    }
}

fn last(x: &Tensor) -> i64 {
    x.size().last().copied().unwrap_or(1)
}

fn rows(x: &Tensor) -> i64 {
    let size = x.size();
    size[..size.len().saturating_sub(1)].iter().product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    fn random(size: &[i64]) -> Tensor {
        Tensor::randn(size, (Kind::Float, Device::Cpu))
    }

    /// The same numbers, as a tensor that the kernels refuse.
    fn refused(x: &Tensor) -> Tensor {
        x.to_kind(Kind::Double)
    }

    #[track_caller]
    fn assert_same(fast: &Tensor, slow: &Tensor) {
        assert_eq!(fast.size(), slow.size());
        let error = (refused(fast) - refused(slow)).abs().max() / refused(slow).abs().max();
        assert!(error.double_value(&[]) < 2e-6, "{error:?}");
    }

    /// Sizes below and above the one that is worth a second thread, one or as many modulations as images.
    const SIZES: [(i64, i64, i64, i64); 4] = [(1, 1, 1, 3), (1, 2, 5, 24), (2, 2, 40, 256), (3, 3, 70, 129)];

    #[test]
    fn norms_and_gates() {
        for (times, batch, tokens, dim) in SIZES {
            let x = random(&[batch, tokens, dim]) * 3.0 + 1.0;
            let [scale, shift, gate] = [(); 3].map(|()| random(&[times, 1, dim]));
            assert!(fast_modulated_norm(&x, &scale, &shift, 1e-6).is_some());
            let fast = modulated_norm(&x, &scale, &shift, 1e-6);
            assert_same(&fast, &modulated_norm(&refused(&x), &refused(&scale), &refused(&shift), 1e-6));
            let slow = add_gated(refused(&x), &refused(&fast), &refused(&gate));
            assert_same(&add_gated(x, &fast, &gate), &slow);
        }
    }

    #[test]
    fn swiglu_of_whole_and_of_narrow_tensors() {
        let wide = random(&[2, 70, 100]) * 4.0;
        for x in [wide.shallow_clone(), wide.narrow(2, 10, 60), random(&[1, 1, 2]), wide.transpose(1, 2)] {
            let mut into = Tensor::zeros([x.size()[0], x.size()[1], last(&x) / 2 + 7], (Kind::Float, Device::Cpu));
            let slow = swiglu(&refused(&x));
            assert_same(&swiglu(&x), &slow);
            swiglu_into(&x, &mut into.narrow(2, 7, last(&x) / 2));
            assert_same(&into.narrow(2, 7, last(&x) / 2), &slow);
            assert_eq!(into.narrow(2, 0, 7).abs().sum(Kind::Float).double_value(&[]), 0.0);
            let _zeroed = into.zero_();
        }
        let far = swiglu(&Tensor::from_slice(&[-200.0_f32, 200.0, 0.0, 2.0, 3.0, 1.0]).view([1, 1, 6]));
        assert_same(&far, &Tensor::from_slice(&[0.0_f32, 600.0, 0.0]).view([1, 1, 3]));
    }

    #[test]
    fn what_the_kernels_cannot_take_is_left_to_libtorch() {
        let x = random(&[2, 3, 8]);
        let (scale, shift) = (random(&[1, 1, 8]), random(&[1, 1, 8]));
        assert!(fast_modulated_norm(&x.set_requires_grad(true), &scale, &shift, 1e-6).is_none(), "gradients");
        assert!(fast_modulated_norm(&random(&[2, 8, 3]).transpose(1, 2), &scale, &shift, 1e-6).is_none(), "strides");
        assert!(fast_modulated_norm(&random(&[2, 3, 9]), &scale, &shift, 1e-6).is_none(), "shapes");
        assert!(Plain::of(&x.to_kind(Kind::BFloat16)).is_none(), "number types");
    }
}
