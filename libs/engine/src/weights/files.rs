use super::index::Index;
use super::map;
use super::stored::{Rows, Stored};
use crate::error::{EngineError, ErrorKind, Result};
use memmap2::Mmap;
use safetensors::tensor::{Metadata, SafeTensors};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use tch::Tensor;

/// One mapped file.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    map: Mmap,
    /// Where the tensors' bytes begin.
    start: usize,
    /// Free text that the header carries.
    notes: HashMap<String, String>,
}

/// The tensors of some safetensors files, by name. Opening reads the headers only.
#[derive(Debug)]
pub(crate) struct Files {
    label: String,
    shards: Vec<Shard>,
    entries: BTreeMap<String, Stored>,
}

impl Files {
    /// One file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut files = Self::empty(path);
        files.add(path, &|_| Ok(true))?;
        Ok(files)
    }

    /// A folder: what its index names, or every `*.safetensors` where it has no index.
    pub(crate) fn open_dir(dir: &Path) -> Result<Self> {
        let mut files = Self::empty(dir);
        if let Some(index) = Index::find(dir)? {
            for file in index.files() {
                files.add(&dir.join(file), &|name| index.places(name, file))?;
            }
            index.check(|name| files.entries.contains_key(name))?;
            return Ok(files);
        }
        let mut paths = list(dir)?;
        paths.retain(|path| path.extension().is_some_and(|e| e == "safetensors"));
        if paths.is_empty() {
            return Err(EngineError::new(ErrorKind::Weights, format!("no .safetensors file in {}", dir.display())));
        }
        for path in paths {
            files.add(&path, &|_| Ok(true))?;
        }
        Ok(files)
    }

    fn empty(path: &Path) -> Self {
        Self { label: path.display().to_string(), shards: Vec::new(), entries: BTreeMap::new() }
    }

    /// Adds the tensors of a file that `wanted` says yes to.
    fn add(&mut self, path: &Path, wanted: &dyn Fn(&str) -> Result<bool>) -> Result<()> {
        let bad = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Weights, format!("cannot read {}", path.display()), e)
        };
        let map = map::map(path).map_err(|e| bad(e.into()))?;
        let (header, metadata): (usize, Metadata) = SafeTensors::read_metadata(&map).map_err(|e| bad(e.into()))?;
        for (name, info) in metadata.tensors() {
            if !wanted(&name)? {
                continue;
            }
            if self.entries.insert(name.clone(), Stored::new(self.shards.len(), info)).is_some() {
                let what = format!("{name} is in two files of {}", self.label);
                return Err(EngineError::new(ErrorKind::Weights, what));
            }
        }
        let notes = metadata.metadata().clone().unwrap_or_default();
        // The header is preceded by its length in eight bytes.
        self.shards.push(Shard { path: path.to_owned(), map, start: header + 8, notes });
        Ok(())
    }

    /// The same data under other names. `rename` gives for each name those it becomes; a tensor that cannot be cut as
    /// asked keeps its name, and so turns up among the unused.
    pub(crate) fn renamed(mut self, rename: impl Fn(&str) -> Vec<(String, Rows)>) -> Result<Self> {
        let mut entries = BTreeMap::new();
        for (name, stored) in std::mem::take(&mut self.entries) {
            let parts: Option<Vec<_>> =
                rename(&name).into_iter().map(|(new, rows)| Some((new, stored.cut(rows)?))).collect();
            for (new, part) in parts.unwrap_or_else(|| vec![(name.clone(), stored)]) {
                if entries.insert(new.clone(), part).is_some() {
                    let what = format!("{}: two tensors are {new}, one of them {name}", self.label);
                    return Err(EngineError::new(ErrorKind::Weights, what));
                }
            }
        }
        self.entries = entries;
        Ok(self)
    }

    /// The file or folder, for messages.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// What is stored under a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Stored> {
        self.entries.get(name)
    }

    /// All names with what is stored under them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Stored)> {
        self.entries.iter()
    }

    /// A note in the header of the first file.
    pub(crate) fn note(&self, key: &str) -> Option<&str> {
        self.shards.first().and_then(|shard| shard.notes.get(key)).map(String::as_str)
    }

    /// The file that holds a tensor.
    pub(crate) fn path(&self, stored: &Stored) -> &Path {
        &self.shards[stored.shard].path
    }

    /// Files, and their bytes on disk.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.shards.len(), self.shards.iter().map(|shard| shard.map.len() as u64).sum())
    }

    /// Copies a tensor into `target`, which has its shape.
    pub(super) fn read(&self, stored: &Stored, target: &mut Tensor) -> std::result::Result<(), String> {
        let kind = stored.kind()?;
        let Shard { map, start, .. } = &self.shards[stored.shard];
        let copy = |target: &mut Tensor, span: &std::ops::Range<usize>| {
            let bytes = start + span.start..start + span.end;
            let copied = map::copy_into(target, &map[bytes.clone()], kind).map_err(|e| e.to_string());
            map::release(map, bytes);
            copied
        };
        if let [span] = stored.spans.as_slice() {
            return copy(target, span);
        }
        let rows = stored.shape()[0] / stored.spans.len() as i64;
        (0..).zip(&stored.spans).try_for_each(|(n, span)| copy(&mut target.narrow(0, n * rows, rows), span))
    }
}

/// The files of a folder, sorted.
fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir)
        .map_err(|e| EngineError::caused(ErrorKind::Weights, format!("cannot list {}", dir.display()), e))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    paths.sort();
    Ok(paths)
}
