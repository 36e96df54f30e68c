use super::Weights;
use std::fmt::Display;
use tch::{Device, Tensor};

/// A view on [`Weights`] under a dotted prefix, so that structs load themselves by their fields' names.
#[derive(Clone)]
pub struct Vars<'a> {
    weights: &'a Weights,
    prefix: String,
}

impl<'a> Vars<'a> {
    pub(super) fn new(weights: &'a Weights, prefix: String) -> Self {
        Self { weights, prefix }
    }

    /// The view one name deeper.
    #[must_use]
    pub fn sub(&self, name: impl Display) -> Self {
        Self::new(self.weights, self.full(&name))
    }

    /// The tensor `name` of the given shape. What is missing or of another shape is reported by [`Weights::finish`].
    pub fn tensor(&self, name: &str, shape: &[i64]) -> Tensor {
        self.weights.take(&self.full(&name), shape)
    }

    /// The filters of a convolution, (out, in, height, width), channels last in memory: libtorch's convolutions hand that
    /// layout on, so it is what the maps of a whole network come to lie in.
    pub fn filters(&self, name: &str, shape: [i64; 4]) -> Tensor {
        self.weights.take_filters(&self.full(&name), shape)
    }

    /// The matrix of a linear layer, made of several tensors of so many rows each: (sum of rows, columns). Each goes
    /// straight to its place, and stays known under its own name.
    ///
    /// In f32 on a CPU the matrix lies in memory column by column: for the few hundred rows of an image's tokens the
    /// product is up to a tenth faster so (2 to 30 % by shape, MKL 2024.2 on a Zen 3).
    pub fn matrix(&self, parts: &[(&str, i64)], columns: i64) -> Tensor {
        let parts: Vec<_> = parts.iter().map(|(name, rows)| (self.full(name), *rows)).collect();
        self.weights.take_matrix(&parts, columns)
    }

    /// Where the tensors are put.
    #[must_use]
    pub fn device(&self) -> Device {
        self.weights.device()
    }

    fn full(&self, name: &dyn Display) -> String {
        if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) }
    }
}
