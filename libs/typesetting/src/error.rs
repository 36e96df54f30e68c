use std::path::PathBuf;
use thiserror::Error;

/// Why nothing was set. None of the reasons goes away by trying again.
#[derive(Debug, Error)]
pub enum TypeError {
    /// The folder of fonts is not there, or has none.
    #[error("there are no fonts in {}: run cargo xtask setup, or name a folder of fonts in type.fonts_dir", .0.display())]
    NoFonts(PathBuf),
    /// A file that a brand names cannot be used.
    #[error("{field}: {} cannot be used", .path.display())]
    File {
        /// The field of the kit that names it.
        field: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A field of the brief that only shows to be wrong when type is set.
    #[error("{field}: {reason}")]
    Field {
        /// The field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A layout template cannot be used.
    #[error("{file}: {reason}")]
    Template {
        /// Where it is.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder of the house style cannot be read.
    #[error("{field}: {}", .path.display())]
    Folder {
        /// The field of the configuration that names it.
        field: &'static str,
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl TypeError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), reason: reason.into() }
    }
}
