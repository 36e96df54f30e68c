//! A picture as it lies in its file: what the formats hand over to be made sRGB.

use image::DynamicImage;
use image::metadata::Orientation;

/// What a file says of its colours.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// Nothing: they are taken for sRGB, inks for those of coated paper.
    Nothing,
    /// That they are sRGB.
    Srgb,
    /// That they are Adobe RGB (1998), as cameras say by EXIF (DCF 2.0).
    AdobeRgb,
    /// An ICC profile.
    Icc(Vec<u8>),
    /// Primaries and transfer characteristics of CICP (ITU-T H.273).
    Cicp {
        /// Colour primaries.
        primaries: u32,
        /// Transfer characteristics.
        transfer: u32,
    },
    /// A power to decode with, and the chromaticities of white, red, green and blue, x before y.
    Gamma {
        /// The exponent that leads to light; None: the curve of sRGB.
        power: Option<f64>,
        /// None: those of sRGB.
        chromaticities: Option<[[f64; 2]; 4]>,
    },
}

/// What the four channels of a picture are, where they are not red, green, blue and alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// Colours, as the picture's type says.
    Colours,
    /// Cyan, magenta, yellow and black; the greatest value is all of the ink.
    Inks,
    /// The same, the greatest value being none of the ink, as Adobe writes them.
    InksInverted,
}

/// A picture with straight alpha, 8 or 16 bits, neither upright nor sRGB yet.
pub(super) struct Raw {
    /// The samples; inks lie in a picture of four channels.
    pub(super) image: DynamicImage,
    /// What the channels are.
    pub(super) channels: Channels,
    /// How it is to be turned.
    pub(super) orientation: Orientation,
    /// Its colours.
    pub(super) told: Told,
}

impl Raw {
    /// Colours, upright already, of which the file says this.
    pub(super) fn upright(image: DynamicImage, told: Told) -> Self {
        Self { image, channels: Channels::Colours, orientation: Orientation::NoTransforms, told }
    }
}
