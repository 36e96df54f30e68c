//! Low-rank adapters (LoRA, Hu et al. 2021, arXiv:2106.09685): `W + scale · B·A`, read from the files that peft, diffusers
//! and the trainers of FLUX.2 write.

mod key;
mod scale;

use crate::error::{EngineError, ErrorKind, Result};
use crate::weights::{Files, Weights};
use key::{Key, Role, targets};
use scale::Scales;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// Names of adapter files in a folder: peft's and diffusers'.
const FILES: [&str; 2] = ["adapter_model.safetensors", "pytorch_lora_weights.safetensors"];

/// An adapter with the strength it is worn at.
#[derive(Debug, Clone, Copy)]
pub struct Worn<'a> {
    /// The adapter.
    pub adapter: &'a Adapter,
    /// Factor on top of the adapter's own scale; 1.0 is as trained.
    pub strength: f64,
}

/// A low-rank change of some of a network's weights. [`crate::NamedWeights::wear`] puts it on a loaded network.
#[derive(Debug)]
pub struct Adapter {
    label: String,
    changes: BTreeMap<String, Change>,
}

/// `scale · up · down` for one weight, in f32.
#[derive(Debug)]
struct Change {
    down: Tensor, // (rank, in)
    up: Tensor,   // (out, rank)
    scale: f64,
}

/// What a file holds for one module, under the names of the file.
#[derive(Debug, Default)]
struct Found {
    down: Option<String>,
    up: Option<String>,
    alpha: Option<String>,
}

impl Adapter {
    /// Reads a file, or the adapter file of a folder. Names may begin with `base_model.model.`, `transformer.`,
    /// `diffusion_model.` or `model.diffusion_model.`; modules go by diffusers' or by the original names; matrices are called
    /// `lora_A`/`lora_B` or `lora_down`/`lora_up`.
    ///
    /// The scale is `alpha / rank` with `alpha` from the file, its header or the `adapter_config.json` beside it, and 1
    /// where none of these says.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`] if it cannot be read, and listing what in it is no part of such an adapter.
    pub fn read(path: &Path, device: Device) -> Result<Self> {
        let path = locate(path)?;
        let files = Files::open(&path)?;
        let scales = Scales::read(&path, &files)?;
        let found = sort(&files)?;
        let weights = Weights::new(files, device, Kind::Float);
        let mut changes = BTreeMap::new();
        for (module, names) in &found {
            let (down, up, alpha) = read_module(&weights, module, names)?;
            let scale = scales.of(module, alpha, down.size()[0]);
            for (target, rows) in targets(module) {
                let change = Change { down: down.shallow_clone(), up: rows.of(&up), scale };
                changes.insert(target, change);
            }
        }
        weights.finish()?;
        Ok(Self { label: path.display().to_string(), changes })
    }

    /// The file it came from.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The weights it changes, by diffusers' names, with the shapes (out, in) they must have.
    pub fn targets(&self) -> impl Iterator<Item = (&str, [i64; 2])> {
        self.changes.iter().map(|(name, change)| (name.as_str(), [change.up.size()[0], change.down.size()[1]]))
    }

    /// What it adds to a weight at strength 1, in f32: (out, in).
    pub(crate) fn delta(&self, name: &str, device: Device) -> Option<Tensor> {
        let Change { down, up, scale } = self.changes.get(name)?;
        Some(up.to_device(device).matmul(&down.to_device(device)) * *scale)
    }
}

fn locate(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let file = FILES.iter().map(|name| path.join(name)).find(|file| file.exists());
    file.ok_or_else(|| {
        let what = format!("{} holds neither {} nor {}", path.display(), FILES[0], FILES[1]);
        EngineError::new(ErrorKind::Weights, what)
    })
}

/// The names of a file by module.
fn sort(files: &Files) -> Result<BTreeMap<String, Found>> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut foreign = Vec::new();
    for (name, _) in files.iter() {
        let Some(Key { module, role }) = Key::parse(name) else {
            foreign.push(name.clone());
            continue;
        };
        let module = found.entry(module.to_owned()).or_default();
        let place = match role {
            Role::Down => &mut module.down,
            Role::Up => &mut module.up,
            Role::Alpha => &mut module.alpha,
        };
        if let Some(other) = place.replace(name.clone()) {
            foreign.push(format!("{name} (the same as {other})"));
        }
    }
    if foreign.is_empty() && !found.is_empty() {
        return Ok(found);
    }
    let what = if foreign.is_empty() { "no tensors".into() } else { foreign.join(", ") };
    Err(EngineError::new(ErrorKind::Weights, format!("{} is no LoRA adapter: {what}", files.label())))
}

/// Both matrices of a module, and its `alpha`.
fn read_module(weights: &Weights, module: &str, found: &Found) -> Result<(Tensor, Tensor, Option<f64>)> {
    let wrong = |what: String| EngineError::new(ErrorKind::Weights, format!("adapter of {module}: {what}"));
    let (Some(down), Some(up)) = (&found.down, &found.up) else {
        return Err(wrong("one of its two matrices is missing".into()));
    };
    let read = |name: &String| {
        let shape = weights.shape(name).unwrap_or_default();
        (weights.take(name, &shape), shape)
    };
    let ((down, down_shape), (up, up_shape)) = (read(down), read(up));
    let fit = matches!((&down_shape[..], &up_shape[..]), ([rank, _], [_, other]) if rank == other && *rank > 0);
    if !fit {
        return Err(wrong(format!("{up_shape:?} times {down_shape:?} is no product of a low rank")));
    }
    let alpha = found.alpha.as_ref().map(|name| read(name).0);
    let alpha = alpha.filter(|alpha| alpha.numel() == 1).map(|alpha| alpha.double_value(&[]));
    Ok((down, up, alpha))
}
