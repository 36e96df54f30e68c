use super::{Checkpoint, read_json};
use crate::error::{EngineError, ErrorKind, Result};
use crate::pipeline::{Manifest, TextEncoderKind};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};

/// The forms a checkpoint comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckpointKind {
    /// A folder with a `model_index.json` and a folder for every component, as diffusers writes it.
    Diffusers,
    /// One component of such a folder: `config.json` and weights.
    Component,
    /// A transformer in one file, with the original names or diffusers'.
    SingleFile,
    /// A folder with a `model.toml`.
    Cavendish,
}

impl fmt::Display for CheckpointKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Diffusers => "diffusers folder",
            Self::Component => "one component of a diffusers folder",
            Self::SingleFile => "transformer in a single file",
            Self::Cavendish => "Cavendish model folder",
        })
    }
}

/// What a part of a checkpoint is for; as text the name of its folder in diffusers' layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Denoises latents.
    Transformer,
    /// Turns a prompt into states.
    TextEncoder,
    /// Turns a prompt into tokens.
    Tokenizer,
    /// Turns latents into pixels and back.
    Vae,
    /// Says how to sample.
    Scheduler,
    /// Cavendish's linear patch codec.
    Codec,
    /// Cavendish's enlarging network.
    Upscaler,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transformer => "transformer",
            Self::TextEncoder => "text_encoder",
            Self::Tokenizer => "tokenizer",
            Self::Vae => "vae",
            Self::Scheduler => "scheduler",
            Self::Codec => "codec",
            Self::Upscaler => "upscaler",
        })
    }
}

/// What a diffusers pipeline for FLUX.2 is made of.
pub(super) const PIPELINE: [Role; 5] =
    [Role::Transformer, Role::TextEncoder, Role::Tokenizer, Role::Vae, Role::Scheduler];

/// A part and where it lies.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) role: Role,
    /// The class that reads it, as the checkpoint says.
    pub(super) class: String,
    pub(super) place: PathBuf,
}

/// What `path` is.
pub(super) fn recognise(path: &Path) -> Result<Checkpoint> {
    let found = |file: &str| Some(path.join(file)).filter(|file| file.is_file());
    let none = |why: &str| EngineError::new(ErrorKind::Model, format!("{} is no checkpoint: {why}", path.display()));
    if path.is_file() {
        return match path.extension().is_some_and(|e| e == "safetensors") {
            true => Ok(single_file(path, path.to_owned())),
            false => Err(none("only .safetensors files are read")),
        };
    }
    if !path.is_dir() {
        return Err(none("there is no such file or folder"));
    }
    if let Some(file) = found("model.toml") {
        return cavendish(path, &Manifest::read(&file)?);
    }
    if let Some(file) = found("model_index.json") {
        return Ok(diffusers(path, read_json(&file)?));
    }
    if let Some(file) = found("config.json") {
        return component(path, &file);
    }
    match &safetensors(path)[..] {
        [file] => Ok(single_file(path, file.clone())),
        _ => {
            Err(none("it has no model_index.json, config.json or model.toml, and is not a folder of one .safetensors"))
        }
    }
}

fn safetensors(dir: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| entry.ok().map(|e| e.path()));
    paths.filter(|path| path.extension().is_some_and(|e| e == "safetensors")).collect()
}

fn single_file(path: &Path, place: PathBuf) -> Checkpoint {
    let class = "Flux2Transformer2DModel".to_owned();
    let parts = vec![Part { role: Role::Transformer, class: class.clone(), place }];
    Checkpoint { path: path.to_owned(), kind: CheckpointKind::SingleFile, title: class, parts }
}

/// `model_index.json`: components as `"folder": ["library", "Class"]`, settings as anything else.
fn diffusers(path: &Path, index: Map<String, Value>) -> Checkpoint {
    let parts = PIPELINE.into_iter().filter_map(|role| {
        let folder = role.to_string();
        let class = index.get(&folder)?.get(1)?.as_str()?.to_owned();
        Some(Part { role, class, place: path.join(folder) })
    });
    let parts = parts.collect();
    let title = index.get("_class_name").and_then(Value::as_str).unwrap_or("unnamed pipeline").to_owned();
    Checkpoint { path: path.to_owned(), kind: CheckpointKind::Diffusers, title, parts }
}

/// A folder with a `config.json` that names its class: diffusers' `_class_name`, or transformers' `architectures`.
fn component(path: &Path, file: &Path) -> Result<Checkpoint> {
    let config: Value = read_json(file)?;
    let class = config.get("_class_name").or_else(|| config.get("architectures")?.get(0)).and_then(Value::as_str);
    let role = match class {
        Some("Flux2Transformer2DModel") => Role::Transformer,
        Some("AutoencoderKLFlux2") => Role::Vae,
        Some(class) if class.starts_with("Qwen3For") => Role::TextEncoder,
        _ => {
            let what = format!("{}: the class {} is not known", file.display(), class.unwrap_or("(none)"));
            return Err(EngineError::new(ErrorKind::Model, what));
        }
    };
    let class = class.unwrap_or_default().to_owned();
    let parts = vec![Part { role, class: class.clone(), place: path.to_owned() }];
    Ok(Checkpoint { path: path.to_owned(), kind: CheckpointKind::Component, title: class, parts })
}

fn cavendish(path: &Path, manifest: &Manifest) -> Result<Checkpoint> {
    let part = |role, class: &str, place: &str| Part { role, class: class.to_owned(), place: path.join(place) };
    // As the pipeline takes it: a folder is an autoencoder, a file our patch codec.
    let codec = match path.join(&manifest.codec).is_dir() {
        true => part(Role::Vae, "AutoencoderKLFlux2", &manifest.codec),
        false => part(Role::Codec, "PatchCodec", &manifest.codec),
    };
    let mut parts = vec![part(Role::Transformer, "Flux2Transformer2DModel", &manifest.transformer), codec];
    let entry = &manifest.text_encoder;
    let own = entry.dir.iter().filter(|_| entry.kind == TextEncoderKind::Qwen3);
    parts.extend(own.map(|dir| part(Role::TextEncoder, "Qwen3ForCausalLM", dir)));
    parts.extend(manifest.upscaler.iter().map(|entry| part(Role::Upscaler, "SRVGGNetCompact", &entry.dir)));
    Ok(Checkpoint { path: path.to_owned(), kind: CheckpointKind::Cavendish, title: manifest.name.clone(), parts })
}
