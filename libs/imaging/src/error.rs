//! What can be wrong with a picture, told so that the sender can act on it.

use cavendish_specs::Format;
use thiserror::Error;

/// Why a picture was refused. None of the reasons goes away by trying again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More bytes than allowed.
    #[error("the file has {bytes} bytes, at most {max} are taken")]
    TooManyBytes {
        /// Size of the file.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Not a format that is read here.
    #[error("unsupported format: {found}; JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP and TIFF are read")]
    UnsupportedFormat {
        /// What the content looks like.
        found: String,
    },
    /// The declared type is not the type of the content.
    #[error("declared as {declared}, but the content is {found}")]
    MimeMismatch {
        /// What was declared.
        declared: String,
        /// What the content is.
        found: &'static str,
    },
    /// The file stops before its picture does.
    #[error("the {} file is truncated", .format.mime())]
    Truncated {
        /// Format by content.
        format: Format,
    },
    /// The file contradicts its own format.
    #[error("the {} file is malformed: {detail}", .format.mime())]
    Malformed {
        /// Format by content.
        format: Format,
        /// What the decoder said.
        detail: String,
    },
    /// More pixels than allowed.
    #[error("the picture declares {width}×{height} pixels, at most {max} in all are taken")]
    TooManyPixels {
        /// Declared width.
        width: u32,
        /// Declared height.
        height: u32,
        /// The limit.
        max: u64,
    },
    /// A side that is longer than allowed.
    #[error("the picture declares {width}×{height} pixels, a side may have at most {max}")]
    SideTooLong {
        /// Declared width.
        width: u32,
        /// Declared height.
        height: u32,
        /// The limit.
        max: u32,
    },
    /// Far more pixels than so few bytes can hold.
    #[error("{bytes} bytes cannot hold the declared {width}×{height} pixels: a decompression bomb or a truncated file")]
    Bomb {
        /// Declared width.
        width: u32,
        /// Declared height.
        height: u32,
        /// Size of the file.
        bytes: usize,
    },
    /// Decoding would take more memory than allowed.
    #[error("decoding would take {needed} bytes of memory, at most {max} are given")]
    TooMuchMemory {
        /// What it would take.
        needed: u64,
        /// The limit.
        max: u64,
    },
    /// An animation where a still picture is wanted.
    #[error("the picture is animated, a still picture is wanted")]
    Animated,
    /// A colour model that is not read here.
    #[error("the picture is {found}; convert it to RGB or greyscale of 8 or 16 bits first")]
    UnsupportedColour {
        /// The colour model.
        found: &'static str,
    },
    /// No quality in the range gives a file within the byte budget.
    #[error("{} cannot meet the budget of {budget} bytes: the smallest file has {best}", .format.mime())]
    BudgetUnreachable {
        /// The format that was tried.
        format: Format,
        /// Size of the smallest file, bytes.
        best: usize,
        /// The budget, bytes.
        budget: usize,
    },
    /// A format that is not written here.
    #[error("{} is not written here; JPEG, PNG, WebP, AVIF, TIFF and PDF are", .0.mime())]
    CannotWrite(Format),
    /// A request that makes no sense, such as an empty canvas.
    #[error("{0}")]
    Invalid(String),
    /// A codec failed in a way that says nothing about the input.
    #[error("the codec failed: {0}")]
    Codec(String),
}

/// A refused picture: the field it came in, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct ImageError {
    /// Where the picture came from, such as `references[0].data`; `image` until a caller names it.
    pub field: String,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

impl ImageError {
    /// The same error, told of this field.
    #[must_use]
    pub fn of_field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Whether another attempt could end differently: never, the bytes stay what they are.
    pub fn is_retryable(&self) -> bool {
        false
    }

    /// A stable kebab-case code of the reason, for events and APIs.
    pub fn code(&self) -> &'static str {
        match self.reason {
            Reason::Empty => "image-empty",
            Reason::TooManyBytes { .. } => "image-too-large",
            Reason::UnsupportedFormat { .. } => "image-unsupported-format",
            Reason::MimeMismatch { .. } => "image-mime-mismatch",
            Reason::Truncated { .. } => "image-truncated",
            Reason::Malformed { .. } => "image-malformed",
            Reason::TooManyPixels { .. } | Reason::SideTooLong { .. } => "image-too-many-pixels",
            Reason::Bomb { .. } => "image-bomb",
            Reason::TooMuchMemory { .. } => "image-too-much-memory",
            Reason::Animated => "image-animated",
            Reason::UnsupportedColour { .. } => "image-unsupported-colour",
            Reason::BudgetUnreachable { .. } => "image-budget-unreachable",
            Reason::CannotWrite(_) => "image-cannot-write",
            Reason::Invalid(_) => "image-invalid-request",
            Reason::Codec(_) => "image-codec",
        }
    }
}

impl From<Reason> for ImageError {
    fn from(reason: Reason) -> Self {
        Self { field: "image".into(), reason }
    }
}
