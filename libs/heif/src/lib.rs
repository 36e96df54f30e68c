//! HEIC, as telephones write it, by libheif (1.15 or later): a safe face of `shim/heif.c`. There is no other decoder of HEVC
//! under a free licence that is kept; libheif is LGPL and linked dynamically, as the distribution ships it.

#![allow(unsafe_code, reason = "the calls into the shim; all lengths are checked here")]

mod ffi;

use std::ffi::{CStr, c_void};
use thiserror::Error;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeifError {
    /// It ends before its picture does.
    #[error("truncated: {0}")]
    Truncated(String),
    /// It contradicts its format, or holds what libheif does not read.
    #[error("{0}")]
    Broken(String),
}

/// What the container says of its primary picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// Bits per channel: 8, 10 or 12.
    pub depth: u8,
    /// Whether there is an alpha channel.
    pub alpha: bool,
    /// Whether the colours are multiplied by alpha.
    pub premultiplied: bool,
    /// Colour primaries of CICP (ITU-T H.273); 2 when nothing is said.
    pub primaries: u32,
    /// Transfer characteristics of CICP; 2 when nothing is said.
    pub transfer: u32,
    /// ICC profile, empty when there is none.
    pub icc: Vec<u8>,
}

/// Pixels, RGBA, row by row, upright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// 8 bits a channel.
    Bytes(Vec<u8>),
    /// [`Head::depth`] bits a channel, the lowest of 16.
    Words(Vec<u16>),
}

/// A file whose container was read; its pixels are decoded when they are asked for.
#[derive(Debug)]
pub struct Opened<'a> {
    reader: *mut c_void,
    head: Head,
    // libheif reads from them as it decodes.
    _bytes: &'a [u8],
}

/// Larger profiles are none.
const MOST_ICC: usize = 8 << 20;

/// Reads the container, decoding no pixel. Pictures with a longer side are refused.
///
/// # Errors
/// [`HeifError`] for what is no HEIF, is cut short, or is larger than allowed.
pub fn open(bytes: &[u8], most_side: u32) -> Result<Opened<'_>, HeifError> {
    let (mut head, mut ok) = (ffi::Head::default(), 0);
    // SAFETY: `bytes` outlives the reader (`Opened` borrows them); the shim fills the head where all is well.
    let reader = unsafe { ffi::cavendish_heif_open(bytes.as_ptr(), bytes.len(), most_side, &mut head, &mut ok) };
    if reader.is_null() {
        return Err(HeifError::Broken("out of memory".into()));
    }
    let mut opened = Opened { reader, head: Head::of(&head), _bytes: bytes };
    if ok == 0 {
        return Err(opened.told());
    }
    if (1..=MOST_ICC).contains(&head.icc_size) {
        let mut icc = vec![0; head.icc_size];
        // SAFETY: the reader is open, the buffer as long as it said.
        if unsafe { ffi::cavendish_heif_icc(opened.reader, icc.as_mut_ptr()) } == 0 {
            return Err(opened.told());
        }
        opened.head.icc = icc;
    }
    Ok(opened)
}

impl Opened<'_> {
    /// What the container says.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The primary picture.
    ///
    /// # Errors
    /// [`HeifError`] when it is broken, or its parts are not all there.
    pub fn decode(self) -> Result<(Head, Pixels), HeifError> {
        let samples = self.head.width as usize * self.head.height as usize * 4;
        let depth = self.head.depth.into();
        let wide = self.head.depth > 8;
        let mut bytes = vec![0u8; samples * if wide { 2 } else { 1 }];
        // SAFETY: the reader is open, and the shim refuses any other size than the buffer's.
        if unsafe { ffi::cavendish_heif_decode(self.reader, depth, bytes.as_mut_ptr(), bytes.len()) } == 0 {
            return Err(self.told());
        }
        let pixels = match wide {
            true => Pixels::Words(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()),
            false => Pixels::Bytes(bytes),
        };
        Ok((self.head.clone(), pixels))
    }

    fn told(&self) -> HeifError {
        // SAFETY: the shim keeps a terminated text in the reader, which is open.
        let (words, ended) = unsafe {
            let words = CStr::from_ptr(ffi::cavendish_heif_words(self.reader));
            (words.to_string_lossy().into_owned(), ffi::cavendish_heif_ended(self.reader) != 0)
        };
        if ended { HeifError::Truncated(words) } else { HeifError::Broken(words) }
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { ffi::cavendish_heif_close(self.reader) }
    }
}

impl Head {
    fn of(head: &ffi::Head) -> Self {
        Self {
            width: head.width,
            height: head.height,
            depth: head.depth.min(16) as u8,
            alpha: head.alpha != 0,
            premultiplied: head.premultiplied != 0,
            primaries: head.primaries,
            transfer: head.transfer,
            icc: vec![],
        }
    }
}
