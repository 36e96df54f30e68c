//! What the line knows of the world besides what a model learnt: named things, and what they look like.
//!
//! A small model draws what it is shown better than what it is told. So a prompt that names known things is recalled:
//! each mention gets a picture of the thing, from left to right, for a model that draws what references show.

mod prompt;
mod words;

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The list of things in their folder.
pub const LIST: &str = "things.toml";

/// Named things with their pictures, in a folder: `things.toml` and a file for each.
#[derive(Debug, Clone, Default)]
pub struct Known {
    folder: PathBuf,
    things: Vec<Thing>,
    /// What each thing is called, as words with one space between.
    names: HashMap<String, usize>,
    /// Words of the longest name.
    longest: usize,
}

/// A named thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// What it is called, in lower case.
    pub name: String,
    /// Its picture within the folder.
    file: String,
}

/// An entry of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// An image with alpha, of the thing alone.
    file: String,
    /// Other names.
    #[serde(default)]
    also: Vec<String>,
}

/// Why the known things cannot be read.
#[derive(Debug, Error)]
#[error("{}: {reason}", path.display())]
pub struct KnowledgeError {
    path: PathBuf,
    reason: String,
}

impl KnowledgeError {
    fn new(path: &Path, reason: impl ToString) -> Self {
        Self { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl Known {
    /// Reads the list; pictures are read when they are recalled.
    ///
    /// # Errors
    /// When the list cannot be read, a file lies outside the folder, or two things share a name.
    pub fn open(folder: &Path) -> Result<Self, KnowledgeError> {
        let path = folder.join(LIST);
        let text = std::fs::read_to_string(&path).map_err(|error| KnowledgeError::new(&path, error))?;
        let entries: BTreeMap<String, Entry> =
            toml::from_str(&text).map_err(|error| KnowledgeError::new(&path, error))?;
        let mut known = Self { folder: folder.to_owned(), ..Self::default() };
        for (name, Entry { file, also }) in entries {
            if file.contains(['/', '\\']) {
                return Err(KnowledgeError::new(&path, format!("{name}: {file} is not a plain file name")));
            }
            for called in std::iter::once(&name).chain(&also) {
                known.name(called).map_err(|reason| KnowledgeError::new(&path, reason))?;
            }
            known.things.push(Thing { name: name.to_lowercase(), file });
        }
        Ok(known)
    }

    /// Notes that the next thing is called so.
    fn name(&mut self, called: &str) -> Result<(), String> {
        let words = words::split(called);
        self.longest = self.longest.max(words.len());
        match self.names.insert(words.join(" "), self.things.len()) {
            Some(other) if other != self.things.len() => Err(format!("two things are called {called}")),
            _ => Ok(()),
        }
    }

    /// How many things are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// The picture of a thing: the bytes of an image file with alpha.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn picture(&self, thing: &Thing) -> Result<Vec<u8>, KnowledgeError> {
        let path = self.folder.join(&thing.file);
        std::fs::read(&path).map_err(|error| KnowledgeError::new(&path, error))
    }

    /// The thing of this name.
    fn called(&self, words: &[String]) -> Option<&Thing> {
        let exact = self.names.get(&words.join(" "));
        let found = exact.or_else(|| {
            let (last, first) = words.split_last()?;
            let mut one: Vec<String> = first.to_vec();
            one.push(words::singular(last)?);
            self.names.get(&one.join(" "))
        });
        found.map(|index| &self.things[*index])
    }
}
