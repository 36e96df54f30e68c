//! Linear layers on weights that oneDNN packed ahead: f32 on a CPU, where the matrix is too large for the caches.
#![allow(unsafe_code, reason = "calls the C++ of `kernels/onednn.cpp` on tensors that live through the call")]

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use tch::{Device, Kind, Tensor};

unsafe extern "C" {
    fn cavendish_pack_linear(weight: *mut c_void, rows: i64) -> *mut c_void;
    fn cavendish_packed_linear(x: *mut c_void, packed: *mut c_void) -> *mut c_void;
}

/// Numbers of a matrix from which packing pays: measured on a Zen 3 with libtorch 2.11, 1.15 to 1.4 times MKL's speed at
/// 3 to 9 million and none at half a million.
const WORTH_PACKING: usize = 2 << 20;
/// Rows of an input from which packing pays.
const WORTH_ROWS: i64 = 16;
/// Rows that weights are packed for, whoever comes first: the layout, and with it the last bits, must not depend on that.
const USUAL_ROWS: i64 = 512;
/// Bytes of packed weights of the process, at most: they lie beside the weights themselves, which adapters change.
const MOST_BYTES: usize = 2 << 30;

static BYTES: AtomicUsize = AtomicUsize::new(0);

/// What is packed of a layer's weight, once somebody used it.
#[derive(Debug, Default)]
pub(crate) struct PackedWeight(RefCell<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unused,
    /// With the version of the weight that it is of: an adapter may change the weight in place.
    Packed { weight: Tensor, version: i64, bytes: usize },
    /// It does not pay, or cannot be done.
    Never,
}

impl PackedWeight {
    /// `x Wᵀ` for `x`: (…, in), `weight`: (out, in); `None` where libtorch's own linear is to be used.
    pub(crate) fn linear(&self, x: &Tensor, weight: &Tensor) -> Option<Tensor> {
        let size = x.size();
        let (columns, before) = size.split_last()?;
        let rows: i64 = before.iter().product();
        if rows < WORTH_ROWS || weight.numel() < WORTH_PACKING {
            return None;
        }
        self.refresh(weight);
        let State::Packed { weight: packed, .. } = &*self.0.borrow() else { return None };
        if x.device() != Device::Cpu || x.kind() != Kind::Float || x.requires_grad() {
            return None;
        }
        let flat = x.reshape([rows, *columns]).contiguous();
        // SAFETY: both tensors outlive the call; the C++ side only reads them and gives a new one.
        let y = unsafe { owned(cavendish_packed_linear(handle(&flat), handle(packed)))? };
        Some(y.view([before, &[weight.size()[0]]].concat().as_slice()))
    }

    /// Packs the weight if that was not done, or the weight has changed since.
    fn refresh(&self, weight: &Tensor) {
        let version = weight.internal_version();
        match &*self.0.borrow() {
            State::Never => return,
            State::Packed { version: known, .. } if *known == version => return,
            _ => {}
        }
        self.0.replace(State::Never).forget();
        let next = pack(weight).map(|(weight, bytes)| State::Packed { weight, version, bytes });
        self.0.replace(next.unwrap_or(State::Never));
    }
}

impl State {
    /// Gives its bytes back to the others.
    fn forget(&self) {
        if let Self::Packed { bytes, .. } = self {
            BYTES.fetch_sub(*bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for PackedWeight {
    fn drop(&mut self) {
        self.0.borrow().forget();
    }
}

fn pack(weight: &Tensor) -> Option<(Tensor, usize)> {
    let plain = weight.device() == Device::Cpu && weight.kind() == Kind::Float && !weight.requires_grad();
    let bytes = weight.numel() * size_of::<f32>();
    let room = |used: usize| (used + bytes <= MOST_BYTES).then_some(used + bytes);
    if !plain || BYTES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
        return None;
    }
    let whole = weight.contiguous();
    // SAFETY: as above.
    let packed = unsafe { owned(cavendish_pack_linear(handle(&whole), USUAL_ROWS)) };
    if packed.is_none() {
        BYTES.fetch_sub(bytes, Ordering::Relaxed);
    }
    packed.map(|packed| (packed, bytes))
}

fn handle(tensor: &Tensor) -> *mut c_void {
    tensor.as_ptr().cast_mut().cast()
}

/// Takes over a tensor that C++ made with `new`, as tch's own are.
///
/// # Safety
/// `pointer` is null or such a tensor, and nobody else's.
unsafe fn owned(pointer: *mut c_void) -> Option<Tensor> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { Tensor::from_ptr(pointer.cast()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(size: &[i64]) -> Tensor {
        Tensor::randn(size, (Kind::Float, Device::Cpu))
    }

    #[track_caller]
    fn assert_same(packed: &PackedWeight, x: &Tensor, weight: &Tensor) {
        let fast = packed.linear(x, weight).unwrap();
        let slow = x.linear(weight, None::<&Tensor>);
        assert_eq!(fast.size(), slow.size());
        let error = ((&fast - &slow).abs().max() / slow.abs().max()).double_value(&[]);
        assert!(error < 1e-5, "{error}");
    }

    #[test]
    fn packed_weights_give_what_plain_ones_do_and_follow_their_changes() {
        let packed = PackedWeight::default();
        let mut weight = random(&[1024, 2048]).tr().contiguous().tr();
        assert_same(&packed, &random(&[2, 40, 2048]), &weight);
        assert_same(&packed, &random(&[100, 2048]).narrow(0, 3, 50), &weight);
        let _changed = weight.narrow(0, 7, 5).fill_(0.5);
        assert_same(&packed, &random(&[1, 17, 2048]), &weight);
        weight += 1.0;
        assert_same(&packed, &random(&[1, 17, 2048]), &weight);
    }

    #[test]
    fn what_does_not_pay_or_needs_gradients_is_left_alone() {
        let large = random(&[1024, 2048]);
        let refuses = |x: Tensor, weight: &Tensor| PackedWeight::default().linear(&x, weight).is_none();
        assert!(refuses(random(&[1, 2048]), &large));
        assert!(refuses(random(&[100, 64]), &random(&[64, 64])));
        assert!(refuses(random(&[100, 2048]).set_requires_grad(true), &large));
        assert!(refuses(random(&[100, 2048]), &large.copy().set_requires_grad(true)));
    }
}
