use std::error::Error as StdError;
use std::fmt;
use thiserror::Error;

/// What went wrong, for callers that must choose what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A model folder, configuration or tokenizer is missing, unreadable or contradicts itself.
    Model,
    /// Weights are missing, unused, of the wrong shape or of a number type that is not supported.
    Weights,
    /// The arguments of a call cannot be served by this model.
    Invalid,
    /// The device ran out of memory.
    OutOfMemory,
    /// libtorch failed in any other way.
    Torch,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "the model folder cannot be used",
            Self::Weights => "the weights do not fit the network",
            Self::Invalid => "invalid request",
            Self::OutOfMemory => "out of memory",
            Self::Torch => "libtorch failed",
        })
    }
}

/// An error of the engine: its kind, what was being done, and the cause where there is one.
#[derive(Debug, Error)]
#[error("{kind}: {context}")]
pub struct EngineError {
    kind: ErrorKind,
    context: String,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl EngineError {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    pub(crate) fn caused(
        kind: ErrorKind,
        context: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, context: context.into(), source: Some(source.into()) }
    }

    /// From the text of a libtorch error, or of a panic that carried one (quoted); C++ frames are cut off.
    pub(crate) fn torch(message: impl AsRef<str>) -> Self {
        let message = message.as_ref();
        let end =
            ["\nException raised from", "\\nException raised from"].iter().filter_map(|mark| message.find(mark)).min();
        let message = &message[..end.unwrap_or(message.len())];
        let memory = message.contains("out of memory") || message.contains("can't allocate memory");
        Self::new(if memory { ErrorKind::OutOfMemory } else { ErrorKind::Torch }, message)
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later or elsewhere: true for the device's failures only.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::OutOfMemory | ErrorKind::Torch)
    }
}

impl From<tch::TchError> for EngineError {
    fn from(error: tch::TchError) -> Self {
        Self::torch(error.to_string())
    }
}

/// Shorthand for results of the engine.
pub type Result<T> = std::result::Result<T, EngineError>;
