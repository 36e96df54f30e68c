//! The one place of the engine with `unsafe`: mapping a weight file, and letting libtorch read from the map.

use memmap2::{Mmap, UncheckedAdvice};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use tch::{Device, Kind, TchError, Tensor};

/// Maps `path` for reading.
///
/// A process that truncates a mapped file makes reads of it fault (`SIGBUS`). Weights are therefore
/// replaced by renaming a new file over the old one, never by writing into it.
#[allow(unsafe_code, reason = "memmap2 has no safe constructor; the rule on files above is what makes it sound")]
pub(super) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the map is private to this module's caller, read-only, and outlives every slice taken from it;
    // weight files are not modified in place (see above).
    unsafe { Mmap::map(&file) }
}

/// Copies the numbers in `bytes`, stored as `stored`, into `target`, converting number type and device on the way:
/// one pass over the data, and no second copy on the host where the types agree or the target is on the host.
///
/// There is always this one copy, even where a weight could be used as it lies in the map. A borrowed weight would tie
/// every forward to a file that may be cut off or be on a slow disk, its pages could be dropped and read again in the
/// middle of an image, and an adapter could not be added to it.
///
/// # Errors
/// libtorch's, among them a target whose number of elements is not the stored one.
#[allow(unsafe_code, reason = "tch has no safe way to read from memory it does not own")]
pub(super) fn copy_into(target: &mut Tensor, bytes: &[u8], stored: Kind) -> Result<(), TchError> {
    let shape = target.size();
    let size = stored.elt_size_in_bytes();
    let aligned = bytes.as_ptr().align_offset(size) == 0;
    if !aligned || bytes.len() != size * target.numel() {
        // Headers may have any length, so numbers may lie anywhere; these are read through a copy in order.
        return target.f_copy_(&Tensor::f_from_data_size(bytes, &shape, stored)?);
    }
    let strides: Vec<i64> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
    // SAFETY: `bytes` holds exactly as many elements as `shape` and strides reach, aligned for their type (checked above),
    // and every bit pattern is a number. The tensor neither owns nor frees them. It is only read, and it is dropped
    // before this function returns, without a clone: it cannot outlive the borrow of `bytes`. `copy_` blocks
    // until a copy to a GPU has read its source.
    let source = unsafe { Tensor::f_from_blob(bytes.as_ptr(), &shape, &strides, stored, Device::Cpu)? };
    target.f_copy_(&source)
}

/// Tells the system that these bytes of the map are not needed soon, so that a loaded model does not count twice
/// in the memory of the process. Advice only: what is read again comes from the file.
#[allow(unsafe_code, reason = "the advice loses data of writable maps; memmap2 has it unsafe for all")]
pub(super) fn release(map: &Mmap, bytes: Range<usize>) {
    // SAFETY: the map is read-only and backed by a file, so its pages can be read again at any time.
    let advised = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, bytes.start, bytes.len()) };
    if let Err(error) = advised {
        tracing::debug!(%error, "the map keeps its pages");
    }
}
