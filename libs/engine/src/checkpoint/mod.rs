//! Checkpoints as they are published: recognised, inspected without loading, and opened part by part.

mod examine;
mod infer;
mod layout;
mod memory;
pub mod names;
pub(crate) mod original;
mod report;

pub use layout::{CheckpointKind, Role};
pub use memory::MemoryNeed;
pub use report::{Component, Problem, Report};

use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::Flux2Config;
use crate::weights::{Files, Weights};
use layout::Part;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// A checkpoint on disk. Nothing of it is loaded.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    kind: CheckpointKind,
    /// The class of the pipeline, or the name of the model.
    title: String,
    parts: Vec<Part>,
}

impl Checkpoint {
    /// Recognises what `path` is, see [`CheckpointKind`].
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if it is none of these, or the file that says what it holds cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        layout::recognise(path)
    }

    /// The file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> CheckpointKind {
        self.kind
    }

    /// Whether it has this part.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.parts.iter().any(|part| part.role == role)
    }

    /// The folder of a part (in a single-file checkpoint the file).
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if there is no such part.
    pub fn place(&self, role: Role) -> Result<&Path> {
        let part = self.parts.iter().find(|part| part.role == role);
        let missing = || EngineError::new(ErrorKind::Model, format!("{} has no {role}", self.path.display()));
        part.map(|part| part.place.as_path()).ok_or_else(missing)
    }

    /// A file of a part, for example `tokenizer.json` of the tokenizer.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if there is no such part or file.
    pub fn file(&self, role: Role, name: &str) -> Result<PathBuf> {
        let path = self.place(role)?.join(name);
        let missing = || EngineError::new(ErrorKind::Model, format!("{} is missing", path.display()));
        if path.is_file() { Ok(path) } else { Err(missing()) }
    }

    /// The transformer's configuration: its `config.json`, or, in a checkpoint without one, what its shapes tell.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] or [`ErrorKind::Weights`] saying what cannot be read.
    pub fn transformer_config(&self) -> Result<Flux2Config> {
        let config = self.place(Role::Transformer)?.join("config.json");
        if config.exists() { Flux2Config::read(&config) } else { infer::flux2_config(&self.files(Role::Transformer)?) }
    }

    /// The weights of a part, to be put on `device` as `kind`. Names are always diffusers' and transformers', also where
    /// the files have the original ones. After building the network from [`Weights::root`], call [`Weights::finish`].
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if there is no such part, [`ErrorKind::Weights`] for files that cannot be read.
    pub fn weights(&self, role: Role, device: Device, kind: Kind) -> Result<Weights> {
        Ok(Weights::new(self.files(role)?, device, kind))
    }

    /// What it holds, and everything that is wrong with it. Reads configurations and the headers of weight files.
    #[must_use]
    pub fn inspect(&self) -> Report {
        report::of(self)
    }

    fn files(&self, role: Role) -> Result<Files> {
        let place = self.place(role)?;
        let files = if place.is_dir() { Files::open_dir(place)? } else { Files::open(place)? };
        let foreign = |(name, _): (&String, _)| name.starts_with(original::PREFIX) || original::is_original(name);
        if role == Role::Transformer && files.iter().any(foreign) {
            files.renamed(original::renamed)
        } else {
            Ok(files)
        }
    }
}

/// Reads a JSON file.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
        EngineError::caused(ErrorKind::Model, format!("cannot read {}", path.display()), e)
    };
    let text = std::fs::read_to_string(path).map_err(|e| cannot(e.into()))?;
    serde_json::from_str(&text).map_err(|e| cannot(e.into()))
}
