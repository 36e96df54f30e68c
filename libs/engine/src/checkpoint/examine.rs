//! One part of a checkpoint, looked at without loading it.

use super::layout::Part;
use super::names::{AutoencoderShape, Names, Qwen3Shape};
use super::report::{Component, Problem};
use super::{Checkpoint, Role, read_json};
use crate::codec::PatchCodec;
use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::Flux2Config;
use crate::upscaler::Upscaler;
use crate::weights::Files;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use tch::Device;

/// A network that checkpoints are known for.
#[derive(Debug)]
pub(super) enum Network {
    Transformer(Flux2Config),
    TextEncoder(Qwen3Shape),
    Vae(AutoencoderShape),
}

impl Network {
    pub(super) fn as_transformer(&self) -> Option<&Flux2Config> {
        if let Self::Transformer(config) = self { Some(config) } else { None }
    }

    fn names(&self) -> Names {
        match self {
            Self::Transformer(config) => Names::of_transformer(config),
            Self::TextEncoder(shape) => shape.names(),
            Self::Vae(shape) => shape.names(),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Transformer(c) => format!(
                "{} double and {} single blocks, {} heads of {}, texts of {} channels, latents of {}",
                c.num_layers,
                c.num_single_layers,
                c.num_attention_heads,
                c.attention_head_dim,
                c.joint_attention_dim,
                c.in_channels
            ),
            Self::TextEncoder(s) => format!(
                "{} layers of {} channels, {} heads of {} on {}, {} tokens{}",
                s.num_hidden_layers,
                s.hidden_size,
                s.num_attention_heads,
                s.head_dim,
                s.num_key_value_heads,
                s.vocab_size,
                if s.tie_word_embeddings { ", tied" } else { "" }
            ),
            Self::Vae(s) => {
                let channels: Vec<_> = s.block_out_channels.iter().map(ToString::to_string).collect();
                let (list, [rows, columns]) = (channels.join("-"), s.patch_size);
                format!("{list} channels, latents of {}, patches of {rows}×{columns}", s.latent_channels)
            }
        }
    }
}

/// What came out.
pub(super) struct Examined {
    pub(super) component: Component,
    pub(super) network: Option<Network>,
    pub(super) problems: Vec<Problem>,
}

/// Looks at a part. What cannot be read is a problem, not an error: the other parts are looked at all the same.
pub(super) fn examine(checkpoint: &Checkpoint, part: &Part) -> Examined {
    let mut examined = Examined { component: blank(part), network: None, problems: Vec::new() };
    if let Err(error) = look(checkpoint, part, &mut examined) {
        let reason = chain(&error);
        examined.problems.push(Problem { file: part.place.clone(), name: None, reason });
    }
    examined.component.matches = examined.problems.is_empty();
    examined
}

fn blank(part: &Part) -> Component {
    Component {
        role: part.role,
        class: part.class.clone(),
        place: part.place.clone(),
        architecture: String::new(),
        config: Value::Null,
        config_inferred: false,
        parameters: 0,
        dtypes: BTreeMap::new(),
        files: 0,
        bytes: 0,
        matches: false,
    }
}

fn look(checkpoint: &Checkpoint, part: &Part, examined: &mut Examined) -> Result<()> {
    if !part.place.exists() {
        return Err(EngineError::new(ErrorKind::Model, "there is no such file or folder"));
    }
    let config = part.place.join("config.json");
    match part.role {
        Role::Tokenizer => return checkpoint.file(part.role, "tokenizer.json").map(drop),
        Role::Scheduler => {
            examined.component.config = read_json(&part.place.join("scheduler_config.json"))?;
            return Ok(());
        }
        // Ours, and small: the networks themselves say whether they can be loaded.
        Role::Codec => PatchCodec::load(&part.place, Device::Cpu).map(drop)?,
        Role::Upscaler => Upscaler::load(&part.place, Device::Cpu).map(drop)?,
        Role::Transformer | Role::TextEncoder | Role::Vae => {}
    }
    let files = checkpoint.files(part.role)?;
    count(&files, &mut examined.component);
    let known = matches!(part.class.as_str(), "Flux2Transformer2DModel" | "AutoencoderKLFlux2")
        || part.class.starts_with("Qwen3For");
    let network = match part.role {
        Role::Codec | Role::Upscaler => return Ok(()),
        _ if !known => {
            return Err(EngineError::new(ErrorKind::Model, format!("the class {} is not supported", part.class)));
        }
        Role::TextEncoder => Network::TextEncoder(read_json(&config)?),
        Role::Vae => Network::Vae(read_json(&config)?),
        _ => Network::Transformer(checkpoint.transformer_config()?),
    };
    let component = &mut examined.component;
    component.architecture = network.describe();
    component.config_inferred = !config.exists();
    component.config = match network.as_transformer().filter(|_| component.config_inferred) {
        Some(inferred) => serde_json::to_value(inferred).unwrap_or_default(),
        None => read_json(&config)?,
    };
    let mismatches = network.names().compare(&files).into_iter();
    examined.problems.extend(mismatches.map(|mismatch| Problem {
        file: files.get(&mismatch.name).map_or(part.place.as_path(), |stored| files.path(stored)).to_owned(),
        name: Some(mismatch.name),
        reason: mismatch.reason,
    }));
    examined.network = Some(network);
    Ok(())
}

fn count(files: &Files, component: &mut Component) {
    (component.files, component.bytes) = files.size();
    for (_, stored) in files.iter() {
        component.parameters += stored.count();
        *component.dtypes.entry(stored.dtype()).or_default() += 1;
    }
}

/// An error with its causes in one line.
fn chain(error: &EngineError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
