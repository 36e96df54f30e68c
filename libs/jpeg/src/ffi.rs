//! What `shim/jpeg.c` declares, field by field.

use std::ffi::{c_char, c_int, c_void};

#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: u32,
    pub(crate) buffered: u32,
    pub(crate) inverted: u32,
}

unsafe extern "C" {
    pub(crate) fn cavendish_jpeg_open(
        bytes: *const u8,
        size: usize,
        denominator: u32,
        head: *mut Head,
        fault: *mut c_int,
    ) -> *mut c_void;
    pub(crate) fn cavendish_jpeg_decode(opened: *mut c_void, pixels: *mut u8, size: usize) -> c_int;
    pub(crate) fn cavendish_jpeg_words(opened: *const c_void) -> *const c_char;
    pub(crate) fn cavendish_jpeg_close(opened: *mut c_void);
}
