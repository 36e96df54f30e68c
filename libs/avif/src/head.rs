//! What a container says of its picture.

use crate::ffi;
use std::slice;

/// What the container says of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Pixels, before the picture is turned.
    pub width: u32,
    /// Pixels, before the picture is turned.
    pub height: u32,
    /// Bits per channel: 8, 10 or 12.
    pub depth: u8,
    /// Frames; more than one in a sequence.
    pub frames: u32,
    /// Whether there is an alpha channel.
    pub alpha: bool,
    /// Whether there is no colour.
    pub grey: bool,
    /// See [`primaries`]; 2 when nothing is said.
    pub primaries: u32,
    /// Transfer characteristics of CICP: 13 is the curve of sRGB, 2 when nothing is said.
    pub transfer: u32,
    /// Quarter turns, anticlockwise, 0..=3, by which the picture is to be turned.
    pub turns: u8,
    /// How it is mirrored after that.
    pub mirrored: Mirrored,
    /// ICC profile, empty when there is none.
    pub icc: Vec<u8>,
    /// XMP packet, empty when there is none.
    pub xmp: Vec<u8>,
}

/// Samples over the whole range of their type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// Of a file with 8 bits a channel.
    Bytes(Vec<u8>),
    /// Of a file with more.
    Words(Vec<u16>),
}

/// How a picture is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirrored {
    /// It is not.
    Not,
    /// Top and bottom change places.
    TopBottom,
    /// Left and right change places.
    LeftRight,
}

impl Head {
    /// # Safety
    /// The pointers are null with no size, or to so many bytes.
    pub(crate) unsafe fn of(head: &ffi::Head) -> Self {
        // SAFETY: as promised by the caller.
        let copy = |data: *const u8, size: usize| match size {
            0 => vec![],
            _ => unsafe { slice::from_raw_parts(data, size) }.to_vec(),
        };
        Self {
            width: head.width,
            height: head.height,
            depth: head.depth.min(16) as u8,
            frames: head.frames,
            alpha: head.alpha != 0,
            grey: head.grey != 0,
            primaries: head.primaries,
            transfer: head.transfer,
            turns: (head.turns % 4) as u8,
            mirrored: match head.mirrored {
                1 => Mirrored::TopBottom,
                2 => Mirrored::LeftRight,
                _ => Mirrored::Not,
            },
            icc: copy(head.icc, head.icc_size),
            xmp: copy(head.xmp, head.xmp_size),
        }
    }
}
