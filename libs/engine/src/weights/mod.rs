//! Weights by name out of memory-mapped safetensors files, with nothing missing and nothing left over.

mod map;
mod vars;

pub use vars::Vars;

use crate::error::{EngineError, ErrorKind, Result};
use memmap2::Mmap;
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// One mapped file.
struct Shard {
    map: Mmap,
    /// Where the tensors' bytes begin.
    start: usize,
}

/// A tensor in a shard.
struct Entry {
    shard: usize,
    info: TensorInfo,
}

/// What was asked for so far.
#[derive(Default)]
struct Ledger {
    used: BTreeSet<String>,
    missing: BTreeSet<String>,
    refused: Vec<String>,
}

/// A set of safetensors files, read as one.
///
/// Take tensors through [`Weights::root`], then call [`Weights::finish`]: only that tells whether the
/// network and the files agree.
pub struct Weights {
    label: String,
    shards: Vec<Shard>,
    entries: BTreeMap<String, Entry>,
    device: Device,
    kind: Kind,
    ledger: RefCell<Ledger>,
}

impl Weights {
    /// Opens one file. Tensors are handed out on `device` as `kind`, whatever the file stores.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if the file cannot be mapped or is no safetensors file.
    pub fn open(path: &Path, device: Device, kind: Kind) -> Result<Self> {
        Self::open_all(path.display().to_string(), &[path.to_path_buf()], device, kind)
    }

    /// Opens every `*.safetensors` of a folder (large checkpoints come in several).
    ///
    /// # Errors
    /// As [`Weights::open`], and when the folder holds none.
    pub fn open_dir(dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        let unreadable = |e| EngineError::caused(ErrorKind::Weights, format!("cannot list {}", dir.display()), e);
        let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
            .map_err(unreadable)?
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
            .collect();
        paths.sort();
        if paths.is_empty() {
            return Err(EngineError::new(ErrorKind::Weights, format!("no .safetensors file in {}", dir.display())));
        }
        Self::open_all(dir.display().to_string(), &paths, device, kind)
    }

    fn open_all(label: String, paths: &[PathBuf], device: Device, kind: Kind) -> Result<Self> {
        let mut weights =
            Self { label, shards: Vec::new(), entries: BTreeMap::new(), device, kind, ledger: RefCell::default() };
        for path in paths {
            weights.add(path)?;
        }
        Ok(weights)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let bad = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Weights, format!("cannot read {}", path.display()), e)
        };
        let map = map::map(path).map_err(|e| bad(e.into()))?;
        let (header, metadata): (usize, Metadata) = SafeTensors::read_metadata(&map).map_err(|e| bad(e.into()))?;
        let shard = self.shards.len();
        for (name, info) in metadata.tensors() {
            let clash = self.entries.insert(name.clone(), Entry { shard, info: info.clone() });
            if clash.is_some() {
                let what = format!("{name} is in two files of {}", self.label);
                return Err(EngineError::new(ErrorKind::Weights, what));
            }
        }
        // The header is preceded by its length in eight bytes.
        self.shards.push(Shard { map, start: header + 8 });
        Ok(())
    }

    /// The view on all names.
    #[must_use]
    pub fn root(&self) -> Vars<'_> {
        Vars::new(self, String::new())
    }

    /// Where the tensors are put.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    /// The shape stored under `name`, if there is such a tensor. Does not count as use.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<Vec<i64>> {
        self.entries.get(name).map(|e| e.info.shape.iter().map(|&n| n as i64).collect())
    }

    /// Declares that names with this prefix are known and not needed, so that [`Weights::finish`] accepts them.
    pub fn skip(&self, prefix: &str) {
        let names = self.entries.keys().filter(|name| name.starts_with(prefix)).cloned();
        self.ledger.borrow_mut().used.extend(names);
    }

    /// The tensor, or zeros of the expected shape with a note in the ledger: so one error can list all that is wrong.
    pub(crate) fn take(&self, name: &str, shape: &[i64]) -> Tensor {
        let taken = self.read(name, shape);
        taken.unwrap_or_else(|| Tensor::zeros(shape, (self.kind, self.device)))
    }

    fn read(&self, name: &str, shape: &[i64]) -> Option<Tensor> {
        let mut ledger = self.ledger.borrow_mut();
        let Some(Entry { shard, info }) = self.entries.get(name) else {
            ledger.missing.insert(name.to_owned());
            return None;
        };
        ledger.used.insert(name.to_owned());
        let found: Vec<i64> = info.shape.iter().map(|&n| n as i64).collect();
        if found != shape {
            ledger.refused.push(format!("{name} is {found:?}, not {shape:?}"));
            return None;
        }
        let Some(stored) = kind_of(info.dtype) else {
            ledger.refused.push(format!("{name} is stored as {:?}, which is not supported", info.dtype));
            return None;
        };
        let Shard { map, start } = &self.shards[*shard];
        let (from, to) = info.data_offsets;
        let bytes = &map[start + from..start + to];
        match Tensor::f_from_data_size(bytes, shape, stored) {
            Ok(tensor) => Some(tensor.to_device(self.device).to_kind(self.kind)),
            Err(e) => {
                ledger.refused.push(format!("{name}: {e}"));
                None
            }
        }
    }

    /// Checks the books: every name that was asked for was there, in its shape, and every name of the files was asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] listing all missing, unused and refused names.
    pub fn finish(self) -> Result<()> {
        let ledger = self.ledger.into_inner();
        let unused: Vec<_> = self.entries.keys().filter(|name| !ledger.used.contains(*name)).cloned().collect();
        if ledger.missing.is_empty() && ledger.refused.is_empty() && unused.is_empty() {
            return Ok(());
        }
        let missing: Vec<_> = ledger.missing.into_iter().collect();
        let parts = [("missing", missing), ("unused", unused), ("refused", ledger.refused)];
        let list: Vec<String> = parts
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", ")))
            .collect();
        Err(EngineError::new(ErrorKind::Weights, format!("{}: {}", self.label, list.join("; "))))
    }
}

/// The libtorch number type for a stored one; `None` for those the engine does not compute with.
fn kind_of(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F64 => Kind::Double,
        Dtype::F32 => Kind::Float,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::I64 => Kind::Int64,
        Dtype::I32 => Kind::Int,
        Dtype::U8 => Kind::Uint8,
        _ => return None,
    })
}
