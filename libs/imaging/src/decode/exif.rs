//! What EXIF says of a picture (Exif 2.32, DCF 2.0): how it is turned, and whether its colours are Adobe RGB.

use image::metadata::Orientation;

use super::raw::Told;

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const INTEROPERABILITY_DIRECTORY: u16 = 0xa005;
const COLOUR_SPACE: u16 = 0xa001;
const INTEROPERABILITY_INDEX: u16 = 0x0001;
/// What cameras write that were set to Adobe RGB (DCF 2.0, "optional colour space").
const ADOBE_RGB: &[u8; 4] = b"R03\0";
const SRGB: u32 = 1;

/// A block of EXIF: a TIFF without a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exif<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Exif<'a> {
    /// The block; a leading `Exif\0\0` is passed over. None where it is no TIFF.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self { bytes, little })
    }

    /// How the picture is to be turned.
    pub(super) fn orientation(self) -> Orientation {
        let value = self.first().and_then(|at| self.value(at, ORIENTATION));
        value.and_then(|value| Orientation::from_exif(value.min(255) as u8)).unwrap_or(Orientation::NoTransforms)
    }

    /// Its colours, where it says more of them than that they are sRGB.
    pub(super) fn told(self) -> Told {
        match self.is_adobe_rgb() {
            Some(true) => Told::AdobeRgb,
            _ => Told::Nothing,
        }
    }

    fn is_adobe_rgb(self) -> Option<bool> {
        let camera = self.value(self.first()?, EXIF_DIRECTORY)? as usize;
        if self.value(camera, COLOUR_SPACE) == Some(SRGB) {
            return Some(false);
        }
        let interoperability = self.value(camera, INTEROPERABILITY_DIRECTORY)? as usize;
        let at = self.entry(interoperability, INTEROPERABILITY_INDEX)?;
        Some(self.bytes.get(at + 8..at + 12)? == ADOBE_RGB)
    }

    fn first(self) -> Option<usize> {
        Some(self.long(4)? as usize)
    }

    /// Where the entry of a tag lies in the directory at `at`.
    fn entry(self, at: usize, tag: u16) -> Option<usize> {
        let entries = usize::from(self.short(at)?);
        (0..entries).map(|index| at + 2 + index * 12).find(|&entry| self.short(entry) == Some(tag))
    }

    /// The number that a tag stands for.
    fn value(self, at: usize, tag: u16) -> Option<u32> {
        let entry = self.entry(at, tag)?;
        match self.short(entry + 2)? {
            3 => self.short(entry + 8).map(u32::from),
            _ => self.long(entry + 8),
        }
    }

    fn short(self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }
}
