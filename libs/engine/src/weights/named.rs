use super::host::save;
use crate::adapter::Worn;
use crate::device::guarded;
use crate::error::{EngineError, ErrorKind, Result};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// A loaded network's weights under their names in the checkpoint: handles on the very memory the network computes
/// with, rows of fused projections included. [`super::Weights::finish`] gives it; adapters are put on and taken off here.
///
/// A network that made new tensors of what it loaded does not see changes made here.
#[derive(Debug)]
pub struct NamedWeights {
    tensors: BTreeMap<String, Tensor>,
    /// Copies of what adapters have changed, as it was loaded, on the same device.
    originals: BTreeMap<String, Tensor>,
    /// See [`Self::parameters`].
    parameters: Vec<Tensor>,
}

impl NamedWeights {
    pub(super) fn new(tensors: BTreeMap<String, Tensor>, parameters: Vec<Tensor>) -> Self {
        Self { tensors, originals: BTreeMap::new(), parameters }
    }

    /// What gathers gradients, in the order in which the network asked for it; several names may share one (fused
    /// projections). Empty unless the weights were [`super::Weights::trainable`].
    pub fn parameters(&self) -> &[Tensor] {
        &self.parameters
    }

    /// Writes all of them to a safetensors file as `kind` (f32 or bf16), under their names. The file is there whole or
    /// not at all.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if the file cannot be written.
    pub fn save(&self, path: &Path, kind: Kind) -> Result<()> {
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.detach().to_kind(kind)));
        save(tensors, path)
    }

    /// The weight of this name. Writing into it changes the network.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// A number that other weights hardly share: of every name and its first numbers (FNV-1a).
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut take = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for name in self.names() {
            take(name.as_bytes());
            let Some(tensor) = self.get(name) else { continue };
            let row = if tensor.dim() > 1 { tensor.get(0).reshape([-1]) } else { tensor.reshape([-1]) };
            let first = row.narrow(0, 0, row.size()[0].min(16)).to_device(Device::Cpu).to_kind(Kind::Double);
            let numbers = Vec::<f64>::try_from(first).unwrap_or_default();
            numbers.iter().for_each(|number| take(&number.to_le_bytes()));
        }
        hash
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Puts on exactly these adapters, instead of those worn before: every weight becomes
    /// `original + Σ strength · scale · B·A`, added up in f32 and rounded once. So the same adapters give the same weights
    /// whatever was worn before. Takes the memory of the weights that change a second time, until [`Self::bare`].
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] listing the targets that the network does not have or has in another shape, and
    /// [`ErrorKind::Invalid`] for a strength that is no number: nothing has changed then.
    /// [`ErrorKind::OutOfMemory`] and [`ErrorKind::Torch`] for the device: no adapter is worn then.
    pub fn wear(&mut self, worn: &[Worn<'_>]) -> Result<()> {
        self.check(worn)?;
        self.bare()?;
        let added = guarded(|| self.add(worn));
        if added.is_err() {
            self.bare()?;
        }
        added
    }

    /// Takes all adapters off. Every weight is again what was loaded, bit for bit.
    ///
    /// # Errors
    /// [`ErrorKind::Torch`] for the device.
    pub fn bare(&mut self) -> Result<()> {
        guarded(|| {
            while let Some((name, original)) = self.originals.first_key_value() {
                if let Some(weight) = self.tensors.get_mut(name) {
                    weight.f_copy_(original)?;
                }
                self.originals.pop_first();
            }
            Ok(())
        })
    }

    /// Makes the adapters that are worn a part of the network, for a network that never takes them off: their
    /// originals are let go.
    pub fn keep(&mut self) {
        self.originals.clear();
    }

    fn check(&self, worn: &[Worn<'_>]) -> Result<()> {
        let mut wrong = Vec::new();
        for Worn { adapter, strength } in worn {
            if !strength.is_finite() {
                return Err(EngineError::new(ErrorKind::Invalid, format!("strength is {strength}")));
            }
            for (name, shape) in adapter.targets() {
                match self.tensors.get(name).map(Tensor::size) {
                    None => wrong.push(format!("{}: the network has no {name}", adapter.label())),
                    Some(size) if size != shape => {
                        wrong.push(format!("{}: {name} is {size:?}, not {shape:?}", adapter.label()));
                    }
                    Some(_) => {}
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(EngineError::new(ErrorKind::Weights, wrong.join("; "))) }
    }

    fn add(&mut self, worn: &[Worn<'_>]) -> Result<()> {
        for (name, weight) in &mut self.tensors {
            let deltas = worn.iter().filter_map(|Worn { adapter, strength }| {
                let delta = adapter.delta(name, weight.device())?;
                Some(delta * *strength)
            });
            let Some(sum) = deltas.reduce(|sum, delta| sum + delta) else { continue };
            self.originals.insert(name.clone(), weight.copy());
            let changed = weight.to_kind(Kind::Float) + sum; // (out, in)
            weight.f_copy_(&changed)?;
        }
        Ok(())
    }
}
