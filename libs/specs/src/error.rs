//! What is wrong with a spec file, or with an id.

use std::io;

use thiserror::Error;

/// A spec id that the catalogue does not have, with the ids that come near it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown spec `{id}`{}", suggestion(.near))]
pub struct UnknownSpec {
    /// The id that was asked for.
    pub id: String,
    /// Up to five known ids, nearest first.
    pub near: Vec<String>,
}

fn suggestion(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        many => format!("; did you mean one of `{}`?", many.join("`, `")),
    }
}

/// Why specs cannot be used: the file, and what is wrong in it.
#[derive(Debug, Error)]
#[error("spec file {file}: {fault}")]
pub struct CatalogueError {
    /// The file, or the folder where it is that which cannot be read.
    pub file: String,
    /// What is wrong.
    #[source]
    pub fault: CatalogueFault,
}

/// What is wrong with a spec file.
#[derive(Debug, Error)]
pub enum CatalogueFault {
    /// It cannot be read.
    #[error("cannot be read")]
    Unreadable(#[from] io::Error),
    /// It is not TOML, or a field is missing, unknown, or of another type.
    #[error("{}{reason} (line {line})", place(field))]
    Malformed {
        /// Path of the field, such as `spec[1].size.width`; empty where the text is no TOML at all.
        field: String,
        /// What the parser says.
        reason: String,
        /// The line where it says so, from 1.
        line: usize,
    },
    /// A field has a value that it cannot have.
    #[error("{field}: {reason}")]
    Invalid {
        /// Path of the field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two specs that one tenant may use have the same id.
    #[error("{field}: `{id}` is taken by the file {by}; choose another id")]
    Taken {
        /// Path of the field.
        field: String,
        /// The id.
        id: String,
        /// The file that has it.
        by: String,
    },
}

fn place(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}
