//! The C functions of `kernels/kernels.c`, and the tensors they may be given.
#![allow(
    unsafe_code,
    reason = "calls into C; every caller goes through `Plain`, which checks what the C side relies on"
)]

use tch::{Device, Kind, Tensor};

unsafe extern "C" {
    pub(super) fn cavendish_modulated_norm(
        y: *mut f32,
        x: *const f32,
        scale: *const f32,
        shift: *const f32,
        groups: i64,
        modulation_stride: i64,
        rows: i64,
        dim: i64,
        eps: f32,
    );
    pub(super) fn cavendish_add_gated(
        x: *mut f32,
        y: *const f32,
        gate: *const f32,
        groups: i64,
        modulation_stride: i64,
        rows: i64,
        dim: i64,
    );
    pub(super) fn cavendish_swiglu(y: *mut f32, y_stride: i64, x: *const f32, x_stride: i64, rows: i64, width: i64);
    pub(super) fn cavendish_heads(
        q: *mut f32,
        k: *mut f32,
        v: *mut f32,
        qkv: *const f32,
        qkv_stride: i64,
        batch: i64,
        tokens: i64,
        heads: i64,
        head_dim: i64,
        q_tokens: i64,
        kv_tokens: i64,
        first: i64,
        q_weight: *const f32,
        k_weight: *const f32,
        cosine: *const f32,
        sine: *const f32,
        eps: f32,
    );
}

/// A tensor whose numbers C may read and write: f32 on the CPU, without gradient, rows evenly spaced and whole.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    pub(super) data: *mut f32,
    /// Numbers from one row (all axes but the last) to the next.
    pub(super) stride: i64,
}

impl Plain {
    /// `None` for tensors the kernels do not take; their callers then use libtorch's own operations.
    pub(super) fn of(x: &Tensor) -> Option<Self> {
        if x.device() != Device::Cpu || x.kind() != Kind::Float || x.requires_grad() {
            return None;
        }
        let (size, strides) = (x.size(), x.stride());
        let [before @ .., _] = size.as_slice() else { return None };
        let [outer @ .., 1] = strides.as_slice() else { return None };
        // Axes of one element may have any stride; the others must follow from the row's.
        let mut axes = before.iter().zip(outer).rev().filter(|(count, _)| **count != 1);
        let Some((&count, &stride)) = axes.next() else {
            return Some(Self { data: x.data_ptr().cast(), stride: size[size.len() - 1] });
        };
        let mut expected = count * stride;
        for (count, stride) in axes {
            if *stride != expected {
                return None;
            }
            expected *= count;
        }
        Some(Self { data: x.data_ptr().cast(), stride })
    }

    /// As [`Plain::of`], with no gap between the rows.
    pub(super) fn contiguous(x: &Tensor) -> Option<Self> {
        if x.is_contiguous() { Self::of(x) } else { None }
    }
}
