//! What `shim/avif.c` declares, field by field.

use std::ffi::{c_char, c_void};

#[repr(C)]
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u32,
    pub(crate) frames: u32,
    pub(crate) alpha: u32,
    pub(crate) grey: u32,
    pub(crate) primaries: u32,
    pub(crate) transfer: u32,
    pub(crate) turns: u32,
    pub(crate) mirrored: u32,
    pub(crate) icc: *const u8,
    pub(crate) icc_size: usize,
    pub(crate) xmp: *const u8,
    pub(crate) xmp_size: usize,
}

#[repr(C)]
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) quality: u32,
    pub(crate) speed: u32,
    pub(crate) halved: u32,
    pub(crate) primaries: u32,
    pub(crate) icc: *const u8,
    pub(crate) icc_size: usize,
    pub(crate) xmp: *const u8,
    pub(crate) xmp_size: usize,
}

unsafe extern "C" {
    pub(crate) fn cavendish_avif_open(
        bytes: *const u8,
        size: usize,
        most_pixels: u32,
        most_side: u32,
        strict: u32,
        head: *mut Head,
        error: *mut *const c_char,
    ) -> *mut c_void;
    pub(crate) fn cavendish_avif_try(opened: *mut c_void) -> *const c_char;
    pub(crate) fn cavendish_avif_decode(opened: *mut c_void, depth: u32, rgba: *mut u8, size: usize) -> *const c_char;
    pub(crate) fn cavendish_avif_close(opened: *mut c_void);
    pub(crate) fn cavendish_avif_encode(
        pixels: *const u8,
        wanted: *const Wanted,
        file: *mut *mut u8,
        size: *mut usize,
    ) -> *const c_char;
    pub(crate) fn cavendish_avif_free(file: *mut u8);
}
