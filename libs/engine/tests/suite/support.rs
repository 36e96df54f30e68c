//! Where the tests find their files.

use cavendish_engine::{EngineOptions, Pipeline, Weights};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The committed model.
pub(crate) fn nano() -> PathBuf {
    root().join("models/nano")
}

/// The committed upscaler.
pub(crate) fn upscaler_x4() -> PathBuf {
    root().join("models/upscaler-x4")
}

/// The text encoder's files; `cargo xtask setup` lays them out.
pub(crate) fn minilm() -> PathBuf {
    let cache = std::env::var_os("CAVENDISH_CACHE").map_or_else(|| root().join(".cache"), PathBuf::from);
    let dir = cache.join("models/minilm");
    assert!(dir.join("model.safetensors").exists(), "no {}: run `cargo xtask setup`", dir.display());
    dir
}

pub(crate) fn pipeline() -> Pipeline {
    Pipeline::load(&nano(), &minilm(), Device::Cpu).unwrap()
}

pub(crate) fn count(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

pub(crate) fn options(max_batch: usize) -> EngineOptions {
    EngineOptions {
        device: "cpu".parse().unwrap(),
        max_batch: Some(count(max_batch)),
        ..EngineOptions::new(nano(), minilm())
    }
}

/// A file that the reference implementation wrote.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Tensors that the reference implementation wrote.
pub(crate) struct Fixture(Weights);

impl Fixture {
    pub(crate) fn open(name: &str) -> Self {
        Self(Weights::open(&fixture(name), Device::Cpu, Kind::Float).unwrap())
    }

    pub(crate) fn tensor(&self, name: &str) -> Tensor {
        let shape = self.0.shape(name).unwrap_or_else(|| panic!("no {name} in the fixture"));
        self.0.root().tensor(name, &shape)
    }
}

/// `max |a − b| / max |b|`.
pub(crate) fn relative_error(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a - b).abs().max().double_value(&[]) / b.abs().max().double_value(&[])
}
