//! What `shim/heif.c` declares, field by field.

use std::ffi::{c_char, c_int, c_void};

#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u32,
    pub(crate) alpha: u32,
    pub(crate) premultiplied: u32,
    pub(crate) primaries: u32,
    pub(crate) transfer: u32,
    pub(crate) icc_size: usize,
}

unsafe extern "C" {
    pub(crate) fn cavendish_heif_open(
        bytes: *const u8,
        size: usize,
        most_side: u32,
        head: *mut Head,
        ok: *mut c_int,
    ) -> *mut c_void;
    pub(crate) fn cavendish_heif_icc(opened: *mut c_void, icc: *mut u8) -> c_int;
    pub(crate) fn cavendish_heif_decode(opened: *mut c_void, depth: u32, pixels: *mut u8, size: usize) -> c_int;
    pub(crate) fn cavendish_heif_words(opened: *const c_void) -> *const c_char;
    pub(crate) fn cavendish_heif_ended(opened: *const c_void) -> c_int;
    pub(crate) fn cavendish_heif_close(opened: *mut c_void);
}
