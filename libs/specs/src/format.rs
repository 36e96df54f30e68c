//! Image file formats.

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
    /// AVIF, `image/avif`.
    Avif,
    /// HEIC, `image/heic`: HEIF by HEVC, as telephones write it.
    Heic,
    /// A page that is one picture, `application/pdf`, as printers take it.
    Pdf,
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
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }

    /// Whether files of this format are written here; GIF, BMP and HEIC are read only.
    pub fn is_written(self) -> bool {
        !matches!(self, Self::Gif | Self::Bmp | Self::Heic)
    }

    /// Whether files of this format can hold the inks of a press.
    pub fn holds_cmyk(self) -> bool {
        matches!(self, Self::Tiff | Self::Pdf)
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
            Self::Avif => "avif",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
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
            "image/avif" => Self::Avif,
            "image/heic" | "image/heif" | "image/heic-sequence" | "image/heif-sequence" => Self::Heic,
            "application/pdf" => Self::Pdf,
            _ => return None,
        })
    }
}
