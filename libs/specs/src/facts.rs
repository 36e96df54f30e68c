//! What was measured from a finished file.

use serde::{Deserialize, Serialize};

use crate::format::Format;

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelBox {
    /// Left edge, inclusive.
    pub x: u32,
    /// Top edge, inclusive.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// What the outermost pixels of the picture look like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Border {
    /// Share of the border pixels that are exactly (255, 255, 255), 0..1.
    pub white_share: f32,
    /// The farthest that any channel of any border pixel is from 255.
    pub largest_deviation: u8,
}

/// A ring of one colour all round the picture that ends on all four sides in a straight edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// How wide it is where it is narrowest, pixels.
    pub width: u32,
    /// Its colour, sRGB.
    pub colour: [u8; 3],
}

/// The colour model of the file, as its bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourSpace {
    /// RGB, tagged as sRGB.
    Srgb,
    /// RGB, tagged as Display P3.
    DisplayP3,
    /// RGB without a profile; readers take it for sRGB.
    Untagged,
    /// RGB with some other profile.
    OtherRgb,
    /// Greyscale.
    Grey,
    /// CMYK.
    Cmyk,
}

/// What was measured from the finished bytes of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// Format by content.
    pub format: Format,
    /// File size.
    pub bytes: u64,
    /// The outermost pixels.
    pub border: Border,
    /// A ring of one colour all round; None when there is none.
    #[serde(default)]
    pub frame: Option<Frame>,
    /// The larger of the subject's width share and height share; None when no subject was found.
    pub fill: Option<f32>,
    /// Where the subject is; None when none was found.
    pub subject: Option<PixelBox>,
    /// The colour model.
    pub colour_space: ColourSpace,
    /// Bits per channel.
    pub bit_depth: u8,
    /// Pixels to an inch on paper; None where the file does not say.
    #[serde(default)]
    pub dpi: Option<u32>,
    /// Millimetres between the edge and the line along which the sheet is cut, where it is the least; None where the file
    /// does not say.
    #[serde(default)]
    pub bleed_mm: Option<f32>,
    /// Whether there is an alpha channel.
    pub has_alpha: bool,
    /// The last segment of the IPTC `DigitalSourceType` in the file's XMP, such as `trainedAlgorithmicMedia`.
    pub digital_source_type: Option<String>,
}
