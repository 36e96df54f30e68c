//! The one place of the engine with `unsafe`: mapping a weight file.

use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

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
