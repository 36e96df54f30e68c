//! Tensors on their way into safetensors files.

use crate::error::{EngineError, ErrorKind, Result};
use safetensors::tensor::{Dtype, View};
use std::borrow::Cow;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Writes tensors, as bf16 where they are that and else as f32, to a safetensors file that is there whole or not at all.
///
/// # Errors
/// [`ErrorKind::Weights`] if the file cannot be written, [`ErrorKind::Torch`] if a tensor cannot be read.
pub fn save(tensors: impl IntoIterator<Item = (String, Tensor)>, path: &Path) -> Result<()> {
    let parts = tensors.into_iter().map(|(name, tensor)| Ok((name, HostTensor::read(&tensor)?)));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
        EngineError::caused(ErrorKind::Weights, format!("cannot write {}", path.display()), e)
    };
    let draft = path.with_extension("draft");
    safetensors::serialize_to_file(parts, None, &draft).map_err(|e| cannot(e.into()))?;
    std::fs::rename(&draft, path).map_err(|e| cannot(e.into()))
}

/// A tensor's bytes on the host.
pub(crate) struct HostTensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl HostTensor {
    pub(crate) fn read(tensor: &Tensor) -> Result<Self> {
        let (kind, dtype) = match tensor.kind() {
            Kind::BFloat16 => (Kind::BFloat16, Dtype::BF16),
            _ => (Kind::Float, Dtype::F32),
        };
        let tensor = tensor.to_device(Device::Cpu).to_kind(kind).contiguous();
        let mut bytes = vec![0; tensor.numel() * kind.elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        Ok(Self { dtype, shape: tensor.size().iter().map(|&n| n as usize).collect(), bytes })
    }
}

impl View for HostTensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
