//! Strict JPEG by libjpeg-turbo (2.0 or later), which tells what is missing, reads CMYK, and reduces as it decodes: a safe
//! face of `shim/jpeg.c`. The decoders in Rust fill what is missing with grey and say nothing.

#![allow(unsafe_code, reason = "the calls into the shim; all lengths are checked here")]

mod ffi;

use std::ffi::{CStr, c_int, c_void};
use thiserror::Error;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JpegError {
    /// It ends, or its picture does, before all pixels came.
    #[error("truncated: {0}")]
    Truncated(String),
    /// It contradicts its format.
    #[error("{0}")]
    Broken(String),
}

/// What the headers say of the pixels that come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Pixels, after the reduction.
    pub width: u32,
    /// Pixels, after the reduction.
    pub height: u32,
    /// Channels: 1 grey, 3 RGB, 4 CMYK.
    pub channels: u8,
    /// Whether several scans make the picture, so that decoding holds two bytes for every sample of the whole picture.
    pub buffered: bool,
    /// Of CMYK, whether 255 stands for no ink (an Adobe marker says so), not for all of it.
    pub inverted: bool,
}

/// A file whose headers were read.
#[derive(Debug)]
pub struct Opened<'a> {
    reader: *mut c_void,
    head: Head,
    // libjpeg reads from them as it decodes.
    _bytes: &'a [u8],
}

/// By how much a picture is reduced while it is decoded; its sides are rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fraction {
    /// Not at all.
    Whole = 1,
    /// To a half.
    Half = 2,
    /// To a quarter.
    Quarter = 4,
    /// To an eighth.
    Eighth = 8,
}

/// Reads the headers, decoding no pixel.
///
/// # Errors
/// [`JpegError`] for what is no JPEG, breaks off in its headers, or is of a kind that libjpeg does not read (12 bits,
/// lossless, hierarchical).
pub fn open(bytes: &[u8], fraction: Fraction) -> Result<Opened<'_>, JpegError> {
    let (mut head, mut fault) = (ffi::Head::default(), 0);
    // SAFETY: `bytes` outlives the reader (`Opened` borrows them); the shim fills head and fault.
    let reader =
        unsafe { ffi::cavendish_jpeg_open(bytes.as_ptr(), bytes.len(), fraction as u32, &mut head, &mut fault) };
    if reader.is_null() {
        return Err(JpegError::Broken("out of memory".into()));
    }
    let opened = Opened {
        reader,
        head: Head {
            width: head.width,
            height: head.height,
            channels: head.channels.min(4) as u8,
            buffered: head.buffered != 0,
            inverted: head.inverted != 0,
        },
        _bytes: bytes,
    };
    opened.told(fault)?;
    Ok(opened)
}

impl Opened<'_> {
    /// What the headers say.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// All pixels, row by row, `channels` bytes each.
    ///
    /// # Errors
    /// [`JpegError::Truncated`] when some are missing, [`JpegError::Broken`] when they are out of step.
    pub fn decode(self) -> Result<(Head, Vec<u8>), JpegError> {
        let Head { width, height, channels, .. } = self.head;
        let mut pixels = vec![0; width as usize * height as usize * usize::from(channels)];
        // SAFETY: the reader is open, and the shim refuses any other size than the buffer's.
        let fault = unsafe { ffi::cavendish_jpeg_decode(self.reader, pixels.as_mut_ptr(), pixels.len()) };
        self.told(fault)?;
        Ok((self.head, pixels))
    }

    fn told(&self, fault: c_int) -> Result<(), JpegError> {
        if fault == 0 {
            return Ok(());
        }
        // SAFETY: the shim keeps a terminated text in the reader, which is open.
        let words = unsafe { CStr::from_ptr(ffi::cavendish_jpeg_words(self.reader)) }.to_string_lossy().into_owned();
        Err(if fault == 1 { JpegError::Truncated(words) } else { JpegError::Broken(words) })
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { ffi::cavendish_jpeg_close(self.reader) }
    }
}
