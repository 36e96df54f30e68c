use crate::error::{EngineError, ErrorKind, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// `*.safetensors.index.json`, as transformers and diffusers write it beside a checkpoint in several files:
/// which file holds which name.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    weight_map: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Content {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    /// The index of a folder, if it has one.
    pub(super) fn find(dir: &Path) -> Result<Option<Self>> {
        let names = ["model", "diffusion_pytorch_model"].map(|name| dir.join(format!("{name}.safetensors.index.json")));
        let Some(path) = names.into_iter().find(|path| path.exists()) else { return Ok(None) };
        let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Weights, format!("cannot read {}", path.display()), e)
        };
        let text = std::fs::read_to_string(&path).map_err(|e| cannot(e.into()))?;
        let Content { weight_map } = serde_json::from_str(&text).map_err(|e| cannot(e.into()))?;
        let index = Self { path, weight_map };
        for file in index.files() {
            index.check_file(dir, file)?;
        }
        Ok(Some(index))
    }

    /// A file must lie in the folder itself, and be there.
    fn check_file(&self, dir: &Path, file: &str) -> Result<()> {
        let plain = matches!(Path::new(file).components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
        if !plain {
            return Err(self.wrong(format!("{file:?} is not a file of the folder")));
        }
        if !dir.join(file).exists() {
            return Err(self.wrong(format!("{file} is missing")));
        }
        Ok(())
    }

    /// All files, each once.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }

    /// Whether this file is where `name` is to be read from; an error for names that the index does not know.
    pub(super) fn places(&self, name: &str, file: &str) -> Result<bool> {
        match self.weight_map.get(name) {
            Some(place) => Ok(place == file),
            None => Err(self.wrong(format!("{file} holds {name}, which the index does not name"))),
        }
    }

    /// Every name of the index must have been `found` in its file.
    pub(super) fn check(&self, found: impl Fn(&str) -> bool) -> Result<()> {
        let absent = self.weight_map.iter().filter(|(name, _)| !found(name));
        let list: Vec<_> = absent.map(|(name, file)| format!("{name} is not in {file}")).collect();
        if list.is_empty() { Ok(()) } else { Err(self.wrong(list.join(", "))) }
    }

    fn wrong(&self, what: String) -> EngineError {
        EngineError::new(ErrorKind::Weights, format!("{}: {what}", self.path.display()))
    }
}
