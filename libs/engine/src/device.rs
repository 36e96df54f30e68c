use crate::error::{EngineError, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use tch::{Cuda, Device, Kind};

/// Where a model runs. As text: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first GPU if libtorch sees one, otherwise the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this index.
    Cuda(usize),
    /// Apple's GPU.
    Mps,
}

impl DeviceChoice {
    /// The device to use.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a GPU that libtorch does not see.
    pub fn resolve(self) -> Result<Device> {
        let seen = usize::try_from(Cuda::device_count()).unwrap_or(0);
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if seen > 0 => Ok(Device::Cuda(0)),
            Self::Auto if tch::utils::has_mps() => Ok(Device::Mps),
            Self::Auto => Ok(Device::Cpu),
            Self::Mps if tch::utils::has_mps() => Ok(Device::Mps),
            Self::Cuda(index) if index < seen => Ok(Device::Cuda(index)),
            Self::Cuda(_) | Self::Mps => {
                Err(EngineError::new(ErrorKind::Invalid, format!("no device {self}: libtorch sees {seen} GPUs")))
            }
        }
    }
}

/// The devices to draw on beside each other: those that are named, or else every GPU that libtorch sees, or the CPU.
///
/// # Errors
/// [`ErrorKind::Invalid`] for a GPU that libtorch does not see.
pub(crate) fn all(named: &[DeviceChoice]) -> Result<Vec<Device>> {
    let gpus = usize::try_from(Cuda::device_count()).unwrap_or(0);
    match named {
        [] if gpus > 0 => Ok((0..gpus).map(Device::Cuda).collect()),
        [] => Ok(vec![DeviceChoice::Auto.resolve()?]),
        named => named.iter().map(|choice| choice.resolve()).collect(),
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Mps => f.write_str("mps"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self> {
        let unknown =
            || EngineError::new(ErrorKind::Invalid, format!("unknown device {text:?}: auto, cpu, cuda:N or mps"));
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "mps" => Ok(Self::Mps),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text.strip_prefix("cuda:").and_then(|n| n.parse().ok()).map(Self::Cuda).ok_or_else(unknown),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = EngineError;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

/// What a model computes with. As text: `auto`, `f32` or `bf16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// `bf16` where the processor multiplies it natively (GPUs; CPUs with AMX or AVX512-BF16), otherwise `f32`.
    #[default]
    Auto,
    /// 32-bit floats.
    F32,
    /// bfloat16.
    Bf16,
}

impl Precision {
    /// The number type on a device.
    #[must_use]
    pub fn kind(self, device: Device) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
            Self::Auto if device.is_cuda() || (device == Device::Cpu && cpu_has_bf16()) => Kind::BFloat16,
            Self::Auto => Kind::Float,
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_has_bf16() -> bool {
    std::arch::is_x86_feature_detected!("avx512bf16")
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_has_bf16() -> bool {
    false
}

/// A device in words: `cpu` or `cuda:N`.
pub(crate) fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Cpu => "cpu".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Runs `work` without gradients and turns its panics into errors: `tch` panics with libtorch's exceptions,
/// and this is the edge where they stop.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| tch::no_grad(work)))
        .unwrap_or_else(|panic| Err(EngineError::torch(message(&*panic))))
}

/// The text a panic carries.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "a panic without text".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Tensor;

    #[test]
    fn devices_are_written_as_they_are_read() {
        for text in ["auto", "cpu", "cuda:3", "mps"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cuda(0));
        assert!("tpu".parse::<DeviceChoice>().is_err());
        assert!(DeviceChoice::Cuda(99).resolve().is_err());
    }

    #[test]
    fn libtorch_exceptions_become_errors() {
        let add = || Tensor::zeros([2], (Kind::Float, Device::Cpu)) + Tensor::zeros([3], (Kind::Float, Device::Cpu));
        let error = guarded(|| Ok(add())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Torch);
        assert!(error.to_string().contains("size of tensor") && !error.to_string().contains("frame #"), "{error}");
        let gone = guarded::<()>(|| panic!("CUDA out of memory. Tried to allocate")).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::OutOfMemory);
    }
}
