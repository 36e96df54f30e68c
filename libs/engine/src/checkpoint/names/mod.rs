//! The names and shapes that a component's checkpoint holds, as functions of its `config.json`.

mod autoencoder;
mod qwen3;

pub use autoencoder::AutoencoderShape;
pub use qwen3::Qwen3Shape;

use crate::flux2::{Flux2Config, Flux2Transformer2DModel};
use crate::weights::{Files, Weights};
use std::collections::BTreeMap;

/// Names with their shapes.
pub type Shapes = BTreeMap<String, Vec<i64>>;

/// What a checkpoint of a component must and may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Without these it cannot be used.
    pub required: Shapes,
    /// These are known and left out by some.
    pub optional: Shapes,
}

/// What is wrong with one name of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) name: String,
    pub(super) reason: String,
}

impl Names {
    /// A FLUX.2 transformer's: what the network itself asks for.
    #[must_use]
    pub fn of_transformer(config: &Flux2Config) -> Self {
        let build = |vars: &crate::Vars<'_>| drop(Flux2Transformer2DModel::new(vars, config.clone()));
        Self { required: Weights::rehearse(build), optional: Shapes::new() }
    }

    /// Compares with what files hold, without reading data.
    pub(super) fn compare(&self, files: &Files) -> Vec<Mismatch> {
        let mismatch = |name: &str, reason: String| Mismatch { name: name.to_owned(), reason };
        let missing = self.required.keys().filter(|name| files.get(name).is_none());
        let missing = missing.map(|name| mismatch(name, "is missing".into()));
        let held = files.iter().filter_map(|(name, stored)| {
            let Some(shape) = self.required.get(name).or_else(|| self.optional.get(name)) else {
                return Some(mismatch(name, "is not part of this network".into()));
            };
            let found = stored.shape();
            let misshapen = (found != *shape).then(|| format!("is {found:?}, not {shape:?}"));
            misshapen.or_else(|| stored.kind().err()).map(|reason| mismatch(name, reason))
        });
        missing.chain(held).collect()
    }
}

/// Adds names under a growing prefix.
struct Lister<'a> {
    shapes: &'a mut Shapes,
    prefix: String,
}

impl<'a> Lister<'a> {
    fn new(shapes: &'a mut Shapes, prefix: impl Into<String>) -> Self {
        Self { shapes, prefix: prefix.into() }
    }

    fn sub(&mut self, name: impl std::fmt::Display) -> Lister<'_> {
        let prefix = format!("{}{name}.", self.prefix);
        Lister { shapes: self.shapes, prefix }
    }

    fn add(&mut self, name: &str, shape: &[i64]) {
        self.shapes.insert(format!("{}{name}", self.prefix), shape.to_vec());
    }

    /// `name.weight` of this shape, and `name.bias` with a number for each row.
    fn biased(&mut self, name: &str, shape: &[i64]) {
        self.add(&format!("{name}.weight"), shape);
        self.add(&format!("{name}.bias"), &shape[..1]);
    }
}
