//! What one network asks of one image.

use serde::{Deserialize, Serialize};

/// An image file format, named as in MIME types (`image/jpeg` is `jpeg`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG, `image/jpeg`.
    Jpeg,
    /// PNG, `image/png`.
    Png,
    /// WebP, `image/webp`.
    Webp,
    /// GIF, `image/gif`.
    Gif,
    /// Windows bitmap, `image/bmp`.
    Bmp,
    /// TIFF, `image/tiff`.
    Tiff,
}

impl Format {
    /// The MIME type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }

    /// The usual file name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tif",
        }
    }

    /// The format of a MIME type; parameters and case are ignored, `image/jpg` is taken for `image/jpeg`.
    pub fn from_mime(mime: &str) -> Option<Self> {
        let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match essence.as_str() {
            "image/jpeg" | "image/jpg" | "image/pjpeg" => Self::Jpeg,
            "image/png" => Self::Png,
            "image/webp" => Self::Webp,
            "image/gif" => Self::Gif,
            "image/bmp" | "image/x-ms-bmp" => Self::Bmp,
            "image/tiff" => Self::Tiff,
            _ => return None,
        })
    }
}

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

impl Size {
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Kebab-case id, `<network>-<placement>`, unique in a catalogue.
    pub id: String,
    /// The network's id; filled from the head of the catalogue file.
    #[serde(default)]
    pub network: String,
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
    /// Whether the file must be plain RGB: no grey, no CMYK, no alpha.
    #[serde(default)]
    pub rgb_only: bool,
    /// Where the figures were read.
    pub source: String,
    /// How good that source is.
    #[serde(default)]
    pub trust: Trust,
    /// When they were read, `YYYY-MM`.
    pub read_on: String,
}

impl Spec {
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
