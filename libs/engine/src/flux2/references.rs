use super::Flux2Config;
use crate::error::{EngineError, ErrorKind, Result};
use crate::weights::HostTensor;
use safetensors::tensor::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::rc::Rc;
use tch::{Device, Kind, Tensor};

/// Keys (after norm and rotation) and values of the reference tokens in one block: (1 or batch, heads, tokens, head_dim).
#[derive(Debug)]
pub(super) struct LayerKv {
    pub(super) k: Tensor,
    pub(super) v: Tensor,
}

impl LayerKv {
    pub(super) fn tokens(&self) -> i64 {
        self.k.size()[2]
    }

    /// `own` with the references' `part` behind it.
    pub(super) fn behind(&self, own: &Tensor, part: &Tensor) -> Tensor {
        let size = own.size();
        let part = part.expand([size[0], size[1], self.tokens(), size[3]], false);
        Tensor::cat(&[own, &part], 2)
    }
}

/// What a network knows of a set of references: their keys and values in every block, double blocks first.
///
/// In a network trained for it (diffusers' `Flux2KleinKVPipeline`, 0.42), references attend to references only and are
/// told a fixed time, 0. So this depends on neither prompt, seed nor step: it is made once and kept.
#[derive(Debug)]
pub struct ReferenceKv {
    pub(super) layers: Vec<LayerKv>,
}

impl ReferenceKv {
    /// Reference tokens.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.layers.first().map_or(0, LayerKv::tokens)
    }

    /// Whether a network of this configuration made it of so many tokens.
    pub(crate) fn is_of(&self, config: &Flux2Config, tokens: i64) -> bool {
        let shape = [1, config.num_attention_heads, tokens, config.attention_head_dim];
        self.layers.len() == config.num_layers + config.num_single_layers
            && self.layers.iter().all(|layer| layer.k.size() == shape && layer.v.size() == shape)
    }

    /// Bytes on the device.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = |x: &Tensor| x.numel() * x.kind().elt_size_in_bytes();
        self.layers.iter().map(|layer| bytes(&layer.k) + bytes(&layer.v)).sum()
    }

    /// Those of a batch's images in one: as they are where all share one set. `None` for no images.
    pub(crate) fn together(images: &[Rc<Self>]) -> Option<Rc<Self>> {
        let first = images.first()?;
        if images.iter().all(|image| Rc::ptr_eq(image, first)) {
            return Some(Rc::clone(first));
        }
        let stacked = |block: usize, part: fn(&LayerKv) -> &Tensor| {
            Tensor::cat(&images.iter().map(|kv| part(&kv.layers[block])).collect::<Vec<_>>(), 0)
        };
        let layer = |block| LayerKv { k: stacked(block, |layer| &layer.k), v: stacked(block, |layer| &layer.v) };
        Some(Rc::new(Self { layers: (0..first.layers.len()).map(layer).collect() }))
    }

    /// A safetensors file with `N.k` and `N.v` for every block, and `error` as what is known of their quality.
    ///
    /// # Errors
    /// [`ErrorKind::Torch`] if the tensors cannot be read from the device.
    pub fn to_file(&self, error: Option<f64>) -> Result<Vec<u8>> {
        let mut parts = Vec::with_capacity(2 * self.layers.len());
        for (n, layer) in self.layers.iter().enumerate() {
            for (name, tensor) in [("k", &layer.k), ("v", &layer.v)] {
                parts.push((format!("{n}.{name}"), HostTensor::read(tensor)?));
            }
        }
        let metadata = error.map(|error| HashMap::from([(ERROR.to_owned(), error.to_string())]));
        safetensors::serialize(parts, metadata)
            .map_err(|e| EngineError::caused(ErrorKind::Torch, "references cannot be written down", e))
    }

    /// From what [`Self::to_file`] gave, put on `device` as `kind`, with what is known of their quality.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] for anything else.
    pub fn from_file(file: &[u8], device: Device, kind: Kind) -> Result<(Self, Option<f64>)> {
        let bad = |e| EngineError::caused(ErrorKind::Weights, "kept references", e);
        let tensors = SafeTensors::deserialize(file).map_err(bad)?;
        let (_, header) = SafeTensors::read_metadata(file).map_err(bad)?;
        let error = header.metadata().as_ref().and_then(|known| known.get(ERROR)?.parse().ok());
        let take = |name: String| -> Result<Tensor> {
            let view = tensors.tensor(&name).map_err(bad)?;
            let stored = if view.dtype() == Dtype::BF16 { Kind::BFloat16 } else { Kind::Float };
            let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
            if !matches!(view.dtype(), Dtype::BF16 | Dtype::F32) || shape.len() != 4 {
                let what = format!("kept references: {name} is {:?} {shape:?}", view.dtype());
                return Err(EngineError::new(ErrorKind::Weights, what));
            }
            Ok(Tensor::f_from_data_size(view.data(), &shape, stored)?.to_device(device).to_kind(kind))
        };
        let layer = |n| Ok(LayerKv { k: take(format!("{n}.k"))?, v: take(format!("{n}.v"))? });
        let layers = (0..tensors.len() / 2).map(layer).collect::<Result<Vec<_>>>()?;
        let alike = |layer: &LayerKv| layer.k.size() == layers[0].k.size() && layer.v.size() == layers[0].k.size();
        if !layers.iter().all(alike) {
            return Err(EngineError::new(ErrorKind::Weights, "kept references: the blocks' shapes differ"));
        }
        Ok((Self { layers }, error))
    }
}

/// The name of the quality in a file's header: the relative error of images drawn with these.
const ERROR: &str = "error";
