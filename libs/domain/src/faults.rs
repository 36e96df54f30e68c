//! What is wrong with a brief, field by field.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing wrong with a brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field, for example `deliverables[2].spec`.
    pub field: String,
    /// What is wrong with it, for a person.
    pub reason: String,
}

/// Everything wrong with a brief, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidBrief {
    /// The faults, in the order of the fields.
    pub errors: Vec<FieldError>,
}

impl std::error::Error for InvalidBrief {}

impl fmt::Display for InvalidBrief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, FieldError { field, reason }) in self.errors.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(f, "{separator}{field}: {reason}")?;
        }
        Ok(())
    }
}

impl InvalidBrief {
    /// One fault.
    #[must_use]
    pub fn one(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { errors: vec![FieldError { field: field.into(), reason: reason.into() }] }
    }
}

/// Faults that are being collected.
#[derive(Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    pub(crate) fn add(&mut self, field: String, reason: String) {
        self.0.push(FieldError { field, reason });
    }

    pub(crate) fn check(&mut self, good: bool, field: &str, reason: impl FnOnce() -> String) {
        if !good {
            self.add(field.into(), reason());
        }
    }

    pub(crate) fn within<T: PartialOrd + Copy + fmt::Display>(&mut self, field: &str, count: T, least: T, most: T) {
        self.check((least..=most).contains(&count), field, || format!("is {count}, must be {least} to {most}"));
    }

    pub(crate) fn into_result(self) -> Result<(), InvalidBrief> {
        if self.0.is_empty() { Ok(()) } else { Err(InvalidBrief { errors: self.0 }) }
    }
}
