//! Weights by name out of memory-mapped safetensors files, with nothing missing and nothing left over.

mod files;
mod host;
mod index;
mod map;
mod named;
mod stored;
mod vars;

pub(crate) use files::Files;
pub(crate) use host::HostTensor;
pub use host::save;
pub use named::NamedWeights;
pub(crate) use stored::Rows;
pub use vars::Vars;

use crate::error::{EngineError, ErrorKind, Result};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// What was asked for so far.
#[derive(Default)]
struct Ledger {
    asked: BTreeMap<String, Vec<i64>>,
    skipped: BTreeSet<String>,
    refused: Vec<String>,
    taken: BTreeMap<String, Tensor>,
    /// What was handed out, fused matrices as one.
    leaves: Vec<Tensor>,
}

/// A set of safetensors files, read as one.
///
/// Take tensors through [`Weights::root`], then call [`Weights::finish`]: only that tells whether the
/// network and the files agree. Every tensor is copied once, from the map to its place, number type and device;
/// so loading takes the memory of the network and of at most one tensor more.
pub struct Weights {
    /// None: only what is asked for is wanted, see [`Weights::rehearse`].
    files: Option<Files>,
    device: Device,
    kind: Kind,
    trainable: bool,
    ledger: RefCell<Ledger>,
}

impl Weights {
    /// Opens one file. Tensors are handed out on `device` as `kind`, whatever the file stores.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if the file cannot be mapped or is no safetensors file.
    pub fn open(path: &Path, device: Device, kind: Kind) -> Result<Self> {
        Ok(Self::new(Files::open(path)?, device, kind))
    }

    /// Opens a folder. With a `model.safetensors.index.json` or `diffusion_pytorch_model.safetensors.index.json`, that
    /// says which file holds which name; without, every `*.safetensors` is read.
    ///
    /// # Errors
    /// As [`Weights::open`]; when the folder holds none; and when index and files contradict each other.
    pub fn open_dir(dir: &Path, device: Device, kind: Kind) -> Result<Self> {
        Ok(Self::new(Files::open_dir(dir)?, device, kind))
    }

    pub(crate) fn new(files: Files, device: Device, kind: Kind) -> Self {
        Self { files: Some(files), device, kind, trainable: false, ledger: RefCell::default() }
    }

    /// Hands tensors out as parameters that gather gradients; [`NamedWeights::parameters`] has them afterwards.
    #[must_use]
    pub fn trainable(mut self) -> Self {
        self.trainable = true;
        self
    }

    /// The names and shapes that `build` asks for. No data is touched and nothing of size is allocated, as long as
    /// `build` only keeps what it gets.
    pub fn rehearse(build: impl FnOnce(&Vars<'_>)) -> BTreeMap<String, Vec<i64>> {
        let (device, kind) = (Device::Cpu, Kind::Float);
        let weights = Self { files: None, device, kind, trainable: false, ledger: RefCell::default() };
        build(&weights.root());
        weights.ledger.into_inner().asked
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
        self.files.as_ref()?.get(name).map(stored::Stored::shape)
    }

    /// Declares that names with this prefix are known and not needed, so that [`Weights::finish`] accepts them.
    pub fn skip(&self, prefix: &str) {
        let names = self.files.iter().flat_map(Files::iter).map(|(name, _)| name);
        let names = names.filter(|name| name.starts_with(prefix)).cloned();
        self.ledger.borrow_mut().skipped.extend(names);
    }

    /// The tensor, or zeros of the expected shape with a note in the ledger: so one error can list all that is wrong.
    pub(crate) fn take(&self, name: &str, shape: &[i64]) -> Tensor {
        let tensor = self.place(shape);
        self.fill(name, shape, tensor.shallow_clone());
        self.handed_out(tensor)
    }

    /// As [`Weights::take`], for the filters of a convolution: (out, in, height, width), the channels of a pixel side by
    /// side in memory.
    pub(crate) fn take_filters(&self, name: &str, shape: [i64; 4]) -> Tensor {
        let [out, channels, height, width] = shape;
        let filters = self.place(&[out, height, width, channels]).permute([0, 3, 1, 2]);
        self.fill(name, &shape, filters.shallow_clone());
        self.handed_out(filters)
    }

    fn handed_out(&self, tensor: Tensor) -> Tensor {
        if !self.trainable {
            return tensor;
        }
        let parameter = tensor.set_requires_grad(true);
        self.ledger.borrow_mut().leaves.push(parameter.shallow_clone());
        parameter
    }

    /// As [`Weights::take`], for several tensors of so many rows each in one matrix, see [`Vars::matrix`].
    pub(crate) fn take_matrix(&self, parts: &[(String, i64)], columns: i64) -> Tensor {
        let all = parts.iter().map(|(_, rows)| rows).sum();
        let by_column = self.device == Device::Cpu && self.kind == Kind::Float;
        let matrix = if by_column { self.place(&[columns, all]).tr() } else { self.place(&[all, columns]) };
        let mut from = 0;
        for (name, rows) in parts {
            self.fill(name, &[*rows, columns], matrix.narrow(0, from, *rows));
            from += rows;
        }
        self.handed_out(matrix)
    }

    /// Room for a tensor; in a rehearsal a single zero that looks like one.
    fn place(&self, shape: &[i64]) -> Tensor {
        match self.files {
            Some(_) => Tensor::empty(shape, (self.kind, self.device)),
            None => Tensor::zeros([0; 0], (self.kind, self.device)).expand(shape, false),
        }
    }

    /// Reads `name` into its place.
    fn fill(&self, name: &str, shape: &[i64], mut place: Tensor) {
        let mut ledger = self.ledger.borrow_mut();
        ledger.asked.insert(name.to_owned(), shape.to_vec());
        let Some(files) = &self.files else { return };
        let refused = match files.get(name) {
            None => None,
            Some(stored) if stored.shape() != shape => Some(format!("is {:?}, not {shape:?}", stored.shape())),
            Some(stored) => match files.read(stored, &mut place) {
                Ok(()) => {
                    ledger.taken.insert(name.to_owned(), place);
                    return;
                }
                Err(why) => Some(why),
            },
        };
        ledger.refused.extend(refused.map(|why| format!("{name} {why}")));
        let _ = place.zero_();
    }

    /// Checks the books: every name that was asked for was there, in its shape, and every name of the files was asked for.
    /// Gives the network's weights by name, for adapters; to be dropped where none are used.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] listing all missing, unused and refused names.
    pub fn finish(self) -> Result<NamedWeights> {
        let Ledger { asked, skipped, refused, taken, leaves } = self.ledger.into_inner();
        let Some(files) = self.files else { return Ok(NamedWeights::new(taken, leaves)) };
        let known = |name: &String| asked.contains_key(name) || skipped.contains(name);
        let unused: Vec<_> = files.iter().map(|(name, _)| name).filter(|name| !known(name)).cloned().collect();
        let missing: Vec<_> = asked.keys().filter(|name| files.get(name).is_none()).cloned().collect();
        let parts = [("missing", missing), ("unused", unused), ("refused", refused)];
        let list: Vec<String> = parts
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", ")))
            .collect();
        if list.is_empty() {
            return Ok(NamedWeights::new(taken, leaves));
        }
        Err(EngineError::new(ErrorKind::Weights, format!("{}: {}", files.label(), list.join("; "))))
    }
}
