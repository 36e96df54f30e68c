use safetensors::tensor::{Dtype, TensorInfo};
use std::ops::Range;
use tch::Kind;

/// Which rows (indices of the first axis) of a stored tensor go under a name, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// All, as they are.
    All,
    /// One of so many equal parts.
    Part { index: usize, of: usize },
    /// The second half before the first.
    SwappedHalves,
}

/// Where a tensor lies in its file, and what it is.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(super) shard: usize,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Bytes of the shard's data, in the order in which they make up the tensor.
    pub(super) spans: Vec<Range<usize>>,
}

impl Stored {
    pub(super) fn new(shard: usize, info: &TensorInfo) -> Self {
        let (from, to) = info.data_offsets;
        Self { shard, dtype: info.dtype, shape: info.shape.clone(), spans: std::iter::once(from..to).collect() }
    }

    /// The shape as libtorch counts.
    pub(crate) fn shape(&self) -> Vec<i64> {
        self.shape.iter().map(|&n| n as i64).collect()
    }

    /// Elements.
    pub(crate) fn count(&self) -> u64 {
        self.shape.iter().map(|&n| n as u64).product()
    }

    /// The number type's name in the file.
    pub(crate) fn dtype(&self) -> String {
        format!("{:?}", self.dtype)
    }

    /// The libtorch number type; or why the engine does not compute with it.
    pub(crate) fn kind(&self) -> Result<Kind, String> {
        Ok(match self.dtype {
            Dtype::F64 => Kind::Double,
            Dtype::F32 => Kind::Float,
            Dtype::F16 => Kind::Half,
            Dtype::BF16 => Kind::BFloat16,
            Dtype::I64 => Kind::Int64,
            Dtype::I32 => Kind::Int,
            Dtype::U8 => Kind::Uint8,
            // Eight-bit checkpoints come with a scale beside every weight; without it their numbers mean nothing.
            Dtype::F8_E4M3 | Dtype::F8_E5M2 => {
                return Err(format!("is stored as {:?}: take the checkpoint in bf16 instead", self.dtype));
            }
            other => return Err(format!("is stored as {other:?}, which is not supported")),
        })
    }

    /// The part of it that `rows` names; `None` where the first axis cannot be cut like that.
    pub(super) fn cut(&self, rows: Rows) -> Option<Self> {
        let all = self.spans.first()?.clone();
        let part = |index: usize, of: usize| {
            let size = all.len() / of;
            all.start + index * size..all.start + (index + 1) * size
        };
        let even = |of: usize| self.shape.first().is_some_and(|rows| rows.is_multiple_of(of));
        let mut cut = self.clone();
        match rows {
            Rows::All => {}
            Rows::Part { index, of } if even(of) => {
                cut.shape[0] /= of;
                cut.spans = std::iter::once(part(index, of)).collect();
            }
            Rows::SwappedHalves if even(2) => cut.spans = vec![part(1, 2), part(0, 2)],
            Rows::Part { .. } | Rows::SwappedHalves => return None,
        }
        Some(cut)
    }
}
