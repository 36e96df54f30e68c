//! AVIF by libavif (0.11 or later), the reference implementation that browsers use: a safe face of `shim/avif.c`. Encoders
//! and decoders of AV1 in Rust take minutes to compile and, without their assembly, seconds for a picture.

#![allow(unsafe_code, reason = "the calls into the shim; all lengths are checked here")]

mod ffi;
mod head;

use std::ffi::{CStr, c_char, c_void};
use std::ptr::null;
use std::slice;
use thiserror::Error;

pub use head::{Head, Mirrored, Pixels};

/// What libavif said.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AvifError(String);

/// Colour primaries of CICP (ITU-T H.273) that pictures for screens have.
pub mod primaries {
    /// BT.709, those of sRGB.
    pub const SRGB: u32 = 1;
    /// SMPTE EG 432-1, those of Display P3.
    pub const DISPLAY_P3: u32 = 12;
}

/// A file whose container was read; its pixels are decoded when they are asked for.
#[derive(Debug)]
pub struct Opened<'a> {
    decoder: *mut c_void,
    head: Head,
    // libavif reads from them as it decodes.
    bytes: &'a [u8],
    most: [u32; 2],
}

/// Reads the container, decoding no pixel. Pictures of more pixels or a longer side are refused.
///
/// # Errors
/// [`AvifError`] for what is no AVIF, is cut short, or is larger than allowed.
pub fn open(bytes: &[u8], most_pixels: u32, most_side: u32) -> Result<Opened<'_>, AvifError> {
    open_for(bytes, [most_pixels, most_side], false)
}

fn open_for(bytes: &[u8], most: [u32; 2], strict: bool) -> Result<Opened<'_>, AvifError> {
    let mut head = std::mem::MaybeUninit::<ffi::Head>::zeroed();
    let mut error = null();
    // SAFETY: `bytes` outlives the decoder (`Opened` borrows them); zeroed memory is a head; the shim fills it where it
    // gives a decoder, with pointers that live as long as that.
    unsafe {
        let decoder = ffi::cavendish_avif_open(
            bytes.as_ptr(),
            bytes.len(),
            most[0],
            most[1],
            strict.into(),
            head.as_mut_ptr(),
            &mut error,
        );
        if decoder.is_null() {
            return Err(told(error));
        }
        Ok(Opened { decoder, head: Head::of(&head.assume_init()), bytes, most })
    }
}

impl Opened<'_> {
    /// What the container says.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The first frame: RGBA with straight alpha, row by row, as it lies in the file (not turned). It is decoded twice: the
    /// quick decoder keeps to the limits of size but fills up what is broken, libaom, where it is there, tells what is broken
    /// but takes whatever size is coded.
    ///
    /// # Errors
    /// [`AvifError`] when the picture is broken.
    pub fn decode(self) -> Result<(Head, Pixels), AvifError> {
        // SAFETY: the decoder is open.
        let error = unsafe { ffi::cavendish_avif_try(self.decoder) };
        if !error.is_null() {
            return Err(told(error));
        }
        let (bytes, most) = (self.bytes, self.most);
        drop(self);
        open_for(bytes, most, true)?.decode_once()
    }

    fn decode_once(self) -> Result<(Head, Pixels), AvifError> {
        let samples = self.head.width as usize * self.head.height as usize * 4;
        if self.head.depth > 8 {
            let mut words = vec![0u16; samples];
            self.fill(16, words.as_mut_ptr().cast(), samples * 2)?;
            return Ok((self.head.clone(), Pixels::Words(words)));
        }
        let mut bytes = vec![0u8; samples];
        self.fill(8, bytes.as_mut_ptr(), samples)?;
        Ok((self.head.clone(), Pixels::Bytes(bytes)))
    }

    fn fill(&self, depth: u32, buffer: *mut u8, size: usize) -> Result<(), AvifError> {
        // SAFETY: the decoder is open, the buffer has `size` bytes, and the shim refuses any other size.
        let error = unsafe { ffi::cavendish_avif_decode(self.decoder, depth, buffer, size) };
        if error.is_null() { Ok(()) } else { Err(told(error)) }
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { ffi::cavendish_avif_close(self.decoder) }
    }
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings<'a> {
    /// 0..=100.
    pub quality: u8,
    /// 0..=10, 10 being the fastest.
    pub speed: u8,
    /// Whether colour has half the resolution (4:2:0), or all of it (4:4:4).
    pub halved: bool,
    /// See [`primaries`]; the curve is that of sRGB.
    pub primaries: u32,
    /// ICC profile, empty for none: CICP says the same in four bytes.
    pub icc: &'a [u8],
    /// XMP packet, empty for none.
    pub xmp: &'a [u8],
}

/// Writes 8-bit RGB, row by row. One thread; the same input gives the same bytes.
///
/// # Errors
/// [`AvifError`] when `rgb` is not `width · height` pixels, or libavif gives up.
pub fn write(rgb: &[u8], [width, height]: [u32; 2], settings: &Settings<'_>) -> Result<Vec<u8>, AvifError> {
    if rgb.is_empty() || rgb.len() != width as usize * height as usize * 3 {
        return Err(AvifError(format!("{} bytes are not {width}×{height} pixels of RGB", rgb.len())));
    }
    let wanted = ffi::Wanted {
        width,
        height,
        quality: settings.quality.min(100).into(),
        speed: settings.speed.min(10).into(),
        halved: settings.halved.into(),
        primaries: settings.primaries,
        icc: settings.icc.as_ptr(),
        icc_size: settings.icc.len(),
        xmp: settings.xmp.as_ptr(),
        xmp_size: settings.xmp.len(),
    };
    let (mut file, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: all buffers live through the call and are as long as said; the file is copied before it is freed.
    unsafe {
        let error = ffi::cavendish_avif_encode(rgb.as_ptr(), &wanted, &mut file, &mut size);
        if !error.is_null() {
            return Err(told(error));
        }
        let bytes = slice::from_raw_parts(file, size).to_vec();
        ffi::cavendish_avif_free(file);
        Ok(bytes)
    }
}

/// An error in the shim's words, which are static.
fn told(error: *const c_char) -> AvifError {
    if error.is_null() {
        return AvifError("libavif failed".into());
    }
    // SAFETY: the shim gives literals and libavif's own static texts.
    let words = unsafe { CStr::from_ptr(error) };
    AvifError(words.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Settings<'_> =
        Settings { quality: 90, speed: 8, halved: false, primaries: primaries::SRGB, icc: &[], xmp: b"<x/>" };

    fn ramp() -> Vec<u8> {
        (0..32 * 16).flat_map(|i| [(i % 32 * 8) as u8, (i / 32 * 16) as u8, 90]).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let file = write(&ramp(), [32, 16], &PLAIN).unwrap();
        let (head, pixels) = open(&file, 1000, 1000).unwrap().decode().unwrap();
        let Pixels::Bytes(rgba) = pixels else { panic!("8 bits became more") };
        assert_eq!((head.width, head.height, head.depth, head.frames, head.alpha), (32, 16, 8, 1, false));
        assert_eq!((head.primaries, head.transfer, head.xmp.as_slice()), (primaries::SRGB, 13, &b"<x/>"[..]));
        let plain = ramp();
        let pairs = rgba.chunks_exact(4).zip(plain.chunks_exact(3));
        assert!(pairs.flat_map(|(a, b)| [0, 1, 2].map(|c| a[c].abs_diff(b[c]))).max() < Some(24));
        assert_eq!(file, write(&ramp(), [32, 16], &PLAIN).unwrap());
    }

    #[test]
    fn what_is_broken_or_too_large_is_refused_with_a_reason() {
        let file = write(&ramp(), [32, 16], &PLAIN).unwrap();
        assert!(open(&file, 100, 1000).is_err() && open(&file, 1000, 20).is_err());
        assert!(open(b"not a picture", 1000, 1000).is_err() && open(&[], 1000, 1000).is_err());
        let cut = &file[..file.len() - 20];
        assert!(open(cut, 1000, 1000).and_then(Opened::decode).is_err());
        assert!(write(&ramp(), [33, 16], &PLAIN).is_err());
    }
}
