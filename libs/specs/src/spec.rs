//! What one network asks of one image.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::format::Format;

/// The pixels that are aimed at, and the pixels that are allowed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Width to make, pixels.
    pub width: u32,
    /// Height to make, pixels.
    pub height: u32,
    /// Only `width` × `height` itself is allowed.
    #[serde(default)]
    pub exact: bool,
    /// Least allowed width, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_width: Option<u32>,
    /// Least allowed height, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_height: Option<u32>,
    /// Least allowed longest side, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_longest: Option<u32>,
    /// Greatest allowed width, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_width: Option<u32>,
    /// Greatest allowed height, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_height: Option<u32>,
    /// Greatest allowed number of pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pixels: Option<u64>,
    /// How far the aspect ratio may be from that of `width` × `height`, as a share of it. None: any ratio is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_tolerance: Option<f64>,
}

/// A limit on the pixels of a picture, in words `width ≥ 600`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited: `width`, `height`, `longest side` or `pixels`.
    pub what: &'static str,
    /// The least or greatest allowed value, pixels.
    pub value: u64,
    /// Whether it is the least one.
    pub least: bool,
}

impl Limit {
    /// Whether a `width` × `height` picture keeps it.
    pub fn holds(&self, width: u32, height: u32) -> bool {
        let actual = match self.what {
            "width" => u64::from(width),
            "height" => u64::from(height),
            "longest side" => u64::from(width.max(height)),
            _ => u64::from(width) * u64::from(height),
        };
        if self.least { actual >= self.value } else { actual <= self.value }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.what, if self.least { "≥" } else { "≤" }, self.value)
    }
}

impl Size {
    /// The limits besides the ratio; none when only a target is known.
    pub fn limits(&self) -> impl Iterator<Item = Limit> {
        let side = u64::from;
        let all = [
            ("width", self.min_width.map(side), true),
            ("height", self.min_height.map(side), true),
            ("longest side", self.min_longest.map(side), true),
            ("width", self.max_width.map(side), false),
            ("height", self.max_height.map(side), false),
            ("pixels", self.max_pixels, false),
        ];
        all.into_iter().filter_map(|(what, value, least)| value.map(|value| Limit { what, value, least }))
    }

    /// Width over height of the target.
    pub fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

/// What must lie behind the subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// Anything.
    #[default]
    Any,
    /// Exactly (255, 255, 255) all round the edge of the picture.
    PureWhite,
}

/// The colours that a file is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// sRGB, which every reader takes untagged RGB for.
    #[default]
    Srgb,
    /// Display P3, the wider gamut of phones and newer screens.
    DisplayP3,
    /// Cyan, magenta, yellow and black, for a press.
    Cmyk,
}

/// How much of the frame the subject fills: the larger of its width share and its height share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// Least allowed share, 0..1.
    pub min: f32,
    /// Greatest allowed share, 0..1.
    pub max: f32,
    /// Share to aim at, between the two.
    pub target: f32,
}

/// Strips along the edges that must stay clear of the subject, in pixels of the target size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Insets {
    /// From the top.
    pub top: u32,
    /// From the right.
    pub right: u32,
    /// From the bottom.
    pub bottom: u32,
    /// From the left.
    pub left: u32,
}

impl Insets {
    /// Whether nothing has to stay clear.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// What may not be in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forbidden {
    /// Text laid over the picture.
    Text,
    /// A logo laid over the picture.
    Logo,
    /// A frame round the picture.
    Border,
    /// A watermark.
    Watermark,
}

/// How good the source of a spec's figures is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The network's own documentation.
    #[default]
    Primary,
    /// Somebody else's account of it.
    Secondary,
    /// A single account with little behind it.
    Weak,
}

/// One output spec: what one network asks of one image, and where that was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Kebab-case id, `<network>-<placement>`, unique in a catalogue.
    pub id: String,
    /// The network's id; filled from the head of the catalogue file.
    #[serde(default)]
    pub network: String,
    /// Version of the catalogue file, counted up with every change of its figures; filled from its head.
    #[serde(default)]
    pub version: u32,
    /// A title for people.
    pub title: String,
    /// Target and allowed pixels.
    pub size: Size,
    /// Greatest allowed file size, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// Allowed formats, preferred first; never empty.
    pub formats: Vec<Format>,
    /// What must lie behind the subject.
    #[serde(default)]
    pub background: Background,
    /// How much of the frame the subject must fill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// What must stay clear of the subject.
    #[serde(default)]
    pub safe_zone: Insets,
    /// Whether a generated image must carry IPTC `DigitalSourceType`.
    #[serde(default)]
    pub requires_marking: bool,
    /// What may not be in the picture.
    #[serde(default)]
    pub forbids: Vec<Forbidden>,
    /// Required bits per channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bit_depth: Option<u8>,
    /// Required pixels to an inch on paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpi: Option<u32>,
    /// Millimetres on every side that are printed and cut off, part of `size`; needs `dpi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleed_mm: Option<f32>,
    /// The colours that the file is written in.
    #[serde(default)]
    pub colour: Colour,
    /// Whether the file must be plain RGB: no grey, no CMYK, no alpha.
    #[serde(default)]
    pub rgb_only: bool,
    /// Where the figures were read; together with the next two filled from the head of the file where it is empty.
    #[serde(default)]
    pub source: String,
    /// How good that source is.
    #[serde(default)]
    pub trust: Trust,
    /// When they were read, `YYYY-MM`.
    #[serde(default)]
    pub read_on: String,
}

/// How far the ratio of a picture may be from that of a spec, at least, for the picture to count as one of its shape, as a
/// share of it: rounding to whole pixels moves small banners by more than their own tolerance.
const SHAPE_TOLERANCE: f64 = 0.02;

impl Spec {
    /// Whether a `width` × `height` picture may have been made for this spec: its ratio is near that of the target, or any
    /// ratio is allowed.
    pub fn is_shaped_like(&self, width: u32, height: u32) -> bool {
        let aspect = f64::from(width) / f64::from(height.max(1));
        let free = self.size.ratio_tolerance.is_none() && !self.size.exact;
        let tolerance = self.size.ratio_tolerance.unwrap_or_default().max(SHAPE_TOLERANCE);
        free || (aspect / self.size.aspect() - 1.0).abs() <= tolerance
    }

    /// Whether it shows the product alone: before pure white, or filling so much of its frame.
    pub fn is_packshot(&self) -> bool {
        self.background == Background::PureWhite || self.fill.is_some()
    }

    /// The part of a `width` × `height` picture that the subject may use: `[left, top, right, bottom]` in pixels,
    /// the insets scaled from the target size.
    pub fn safe_area(&self, width: u32, height: u32) -> [f32; 4] {
        let sx = width as f32 / self.size.width as f32;
        let sy = height as f32 / self.size.height as f32;
        let z = &self.safe_zone;
        [
            z.left as f32 * sx,
            z.top as f32 * sy,
            width as f32 - z.right as f32 * sx,
            height as f32 - z.bottom as f32 * sy,
        ]
    }
}
