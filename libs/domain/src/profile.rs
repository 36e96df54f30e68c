//! Subject profiles: what a tenant keeps of a product, a character or a style, so that jobs need not bring it.

use crate::{FieldError, InvalidBrief, MAX_REFERENCES, Reference};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Characters of a profile's name, at most.
pub const MAX_PROFILE_NAME: usize = 60;

/// What a profile is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileKind {
    /// A thing: cut out, and kept pixel by pixel or by its looks.
    #[default]
    Product,
    /// Somebody: cut out, kept by their looks.
    Character,
    /// A look: nothing is cut out, whole pictures count.
    Style,
}

impl ProfileKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Product, Self::Character, Self::Style];

    /// The word in tables and screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Character => "character",
            Self::Style => "style",
        }
    }

    /// Whether its subject is cut out of its references.
    #[must_use]
    pub fn is_cut_out(self) -> bool {
        self != Self::Style
    }
}

impl fmt::Display for ProfileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProfileKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| format!("`{text}` is not one of product, character, style"))
    }
}

/// A profile's name: lower-case letters and digits, with single hyphens between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileName(String);

impl ProfileName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProfileName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.len() > MAX_PROFILE_NAME || !text.split('-').all(letters) {
            let shown: String = text.chars().take(MAX_PROFILE_NAME).filter(|c| !c.is_control()).collect();
            return Err(format!(
                "`{shown}` is not a name: lower-case letters and digits with single hyphens between, at most \
                 {MAX_PROFILE_NAME}"
            ));
        }
        Ok(Self(text.into()))
    }
}

/// A profile by its name, and the version if one is pinned: `cup` or `cup@3`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileRef {
    /// The name.
    pub name: ProfileName,
    /// The version; `None` for the newest that is profiled.
    pub version: Option<u32>,
}

impl fmt::Display for ProfileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl FromStr for ProfileRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((name, version)) = text.split_once('@') else {
            return Ok(Self { name: text.parse()?, version: None });
        };
        let digits = version.bytes().all(|byte| byte.is_ascii_digit());
        let number = version.parse::<u32>().ok().filter(|number| digits && (1..=i32::MAX as u32).contains(number));
        let number = number.ok_or_else(|| "the version after `@` must be a number from 1".to_owned())?;
        Ok(Self { name: name.parse()?, version: Some(number) })
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(ProfileName, ProfileRef);

/// How a profile that a brief names stands, as far as taking the brief depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileStanding {
    /// This version can be used.
    Ready {
        /// The version to pin.
        version: u32,
        /// What it is of.
        kind: ProfileKind,
    },
    /// No such profile, or not this tenant's.
    Unknown,
    /// The profile exists, the version does not.
    UnknownVersion,
    /// It is being made.
    Requested,
    /// None of its references could be used.
    Rejected,
    /// It could not be made.
    Failed,
}

impl ProfileStanding {
    /// What is wrong with naming it, for a person; `None` when it can be used.
    #[must_use]
    pub fn fault(&self, named: &ProfileRef) -> Option<String> {
        match self {
            Self::Ready { .. } => None,
            Self::Unknown => Some(format!("`{}` is not a profile of yours", named.name)),
            Self::UnknownVersion => Some(format!("there is no version `{named}`")),
            Self::Requested => Some(format!("`{named}` is still being profiled")),
            Self::Rejected => Some(format!("`{named}` was rejected: none of its references can be used")),
            Self::Failed => Some(format!("`{named}` could not be profiled")),
        }
    }
}

/// What a reference is worth to its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong with it.
    Good,
    /// It is used, with reservations.
    Flagged,
    /// It is left out.
    Rejected,
}

impl Verdict {
    /// The word in tables and screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Flagged => "flagged",
            Self::Rejected => "rejected",
        }
    }
}

/// Checks the references that a profile is asked for with.
///
/// # Errors
/// `references: …`.
pub fn check_references(references: &[Reference]) -> Result<(), InvalidBrief> {
    let count = references.len();
    if (1..=MAX_REFERENCES).contains(&count) {
        return Ok(());
    }
    let reason = format!("is {count}, must be 1 to {MAX_REFERENCES}");
    Err(InvalidBrief { errors: vec![FieldError { field: "references".into(), reason }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_a_profile_round_trips() {
        for text in ["cup", "coffee-cup@3", "a1-b2@2147483647"] {
            assert_eq!(text.parse::<ProfileRef>().unwrap().to_string(), text);
            assert_eq!(serde_json::to_value(text.parse::<ProfileRef>().unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn names_are_plain_and_versions_are_numbers() {
        for text in ["", "Cup", "a--b", "-a", "a-", "a/b", "a b", &"x".repeat(61), "@1"] {
            assert!(text.parse::<ProfileRef>().is_err(), "{text}");
        }
        for text in ["cup@", "cup@0", "cup@-1", "cup@+1", "cup@1.5", "cup@99999999999", "cup@1@2"] {
            let said = text.parse::<ProfileRef>().unwrap_err();
            assert!(said.contains("version"), "{text}: {said}");
        }
    }

    #[test]
    fn every_kind_is_its_word() {
        for kind in ProfileKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert!("thing".parse::<ProfileKind>().unwrap_err().contains("product, character, style"));
    }
}
