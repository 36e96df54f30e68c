//! Where the tests find their files.

use cavendish_engine::{Batch, EngineOptions, Image, Pipeline, Precision, Vars, Weights};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::collections::BTreeMap;
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
    cached("models/minilm", "model.safetensors", "cargo xtask setup")
}

/// A folder that `command` lays out in the cache, with `file` in it.
pub(crate) fn cached(folder: &str, file: &str, command: &str) -> PathBuf {
    let cache = std::env::var_os("CAVENDISH_CACHE").map_or_else(|| root().join(".cache"), PathBuf::from);
    let dir = cache.join(folder);
    assert!(dir.join(file).exists(), "no {}: run `{command}`", dir.display());
    dir
}

pub(crate) fn pipeline() -> Pipeline {
    Pipeline::load(&nano(), &minilm(), Device::Cpu, Precision::F32).unwrap()
}

/// A batch at the model's own size, steps and guidance.
pub(crate) fn batch(pipeline: &Pipeline, images: Vec<Image>) -> Batch {
    let manifest = pipeline.manifest();
    let (frame, sampling) = (pipeline.frame(manifest.native.default_size()), manifest.sampling);
    Batch { frame, steps: sampling.steps, guidance: sampling.guidance, settle: 0.0, images }
}

pub(crate) fn count(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

pub(crate) fn options(max_batch: usize) -> EngineOptions {
    EngineOptions {
        devices: vec!["cpu".parse().unwrap()],
        precision: Precision::F32,
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
        Self(Self::weights(name, Kind::Float))
    }

    /// The file as weights: for networks whose weights came with it.
    pub(crate) fn weights(name: &str, kind: Kind) -> Weights {
        Weights::open(&fixture(name), Device::Cpu, kind).unwrap()
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

/// How far f32 may be from the reference.
const TOLERANCE: f64 = 1e-4;

#[track_caller]
pub(crate) fn assert_close(what: &str, ours: &Tensor, reference: &Tensor) {
    let error = relative_error(ours, reference);
    println!("{what}: relative error {error:.1e}");
    assert!(error <= TOLERANCE, "{what}: relative error {error:e}");
}

/// Whether `build` asks for exactly these names in these shapes: none missing, none unused.
pub(crate) fn assert_equal_names(file: &str, names: &BTreeMap<String, Vec<usize>>, build: impl FnOnce(&Vars<'_>)) {
    let zeros = vec![0; 2 * names.values().map(|shape| shape.iter().product::<usize>()).max().unwrap()];
    let views = names.iter().map(|(name, shape)| {
        let bytes = &zeros[..2 * shape.iter().product::<usize>()];
        (name.clone(), TensorView::new(Dtype::BF16, shape.clone(), bytes).unwrap())
    });
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    serialize_to_file(views, None, &path).unwrap();
    let weights = Weights::open(&path, Device::Cpu, Kind::BFloat16).unwrap();
    build(&weights.root());
    weights.finish().unwrap();
}
