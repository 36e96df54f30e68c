use super::examine::{Examined, Network, examine};
use super::layout::PIPELINE;
use super::memory::{self, MemoryNeed, Share};
use super::{Checkpoint, CheckpointKind, Role};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What a checkpoint holds, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The file or folder.
    pub path: PathBuf,
    /// What it is.
    pub kind: CheckpointKind,
    /// The class of the pipeline or network, or the name of the model.
    pub title: String,
    /// Its parts.
    pub components: Vec<Component>,
    /// Parts that a pipeline needs and this checkpoint does not claim to have.
    pub absent: Vec<Role>,
    /// What drawing one image of 1024 × 1024 needs, an estimate; only of the parts that are there.
    pub memory: Vec<MemoryNeed>,
    /// Everything that is wrong; empty for a checkpoint whose parts can be loaded.
    pub problems: Vec<Problem>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Component {
    /// What it is for.
    pub role: Role,
    /// The class that reads it, as the checkpoint says.
    pub class: String,
    /// Its file or folder.
    pub place: PathBuf,
    /// Its network in a few words.
    pub architecture: String,
    /// Its configuration; null for parts without one.
    pub config: Value,
    /// The configuration was guessed from shapes.
    pub config_inferred: bool,
    /// Elements of all tensors.
    pub parameters: u64,
    /// Tensors by number type.
    pub dtypes: BTreeMap<String, u64>,
    /// Weight files.
    pub files: usize,
    /// Bytes of the weight files.
    pub bytes: u64,
    /// It can be read, and every name and shape is what its configuration says.
    pub matches: bool,
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file or folder.
    pub file: PathBuf,
    /// The tensor, where it is about one.
    pub name: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}: {name} {}", self.file.display(), self.reason),
            None => write!(f, "{}: {}", self.file.display(), self.reason),
        }
    }
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether every part that is needed to draw is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.absent.is_empty()
    }
}

pub(super) fn of(checkpoint: &Checkpoint) -> Report {
    let examined: Vec<Examined> = checkpoint.parts.iter().map(|part| examine(checkpoint, part)).collect();
    let needed: &[Role] = if checkpoint.kind == CheckpointKind::Cavendish { &[] } else { &PIPELINE };
    let mut problems: Vec<Problem> = examined.iter().flat_map(|part| part.problems.clone()).collect();
    problems.extend(contradictions(checkpoint, &examined));
    Report {
        path: checkpoint.path.clone(),
        kind: checkpoint.kind,
        title: checkpoint.title.clone(),
        absent: needed.iter().copied().filter(|role| !checkpoint.has(*role)).collect(),
        memory: needs(&examined),
        components: examined.into_iter().map(|part| part.component).collect(),
        problems,
    }
}

fn needs(examined: &[Examined]) -> Vec<MemoryNeed> {
    let share = |part: &Examined| Share {
        weights: part.component.parameters,
        activations: match &part.network {
            Some(Network::Transformer(config)) => memory::transformer(config),
            Some(Network::TextEncoder(shape)) => memory::qwen3(shape),
            Some(Network::Vae(shape)) => memory::autoencoder(shape),
            None => 0,
        },
    };
    let is_text = |part: &&Examined| part.component.role == Role::TextEncoder;
    let text = examined.iter().find(is_text).map(share).unwrap_or_default();
    let others: Vec<Share> = examined.iter().filter(|part| !is_text(part)).map(share).collect();
    memory::needs(text, &others)
}

/// Parts that are right by themselves and do not go together.
fn contradictions(checkpoint: &Checkpoint, examined: &[Examined]) -> Vec<Problem> {
    let networks = || examined.iter().filter_map(|part| part.network.as_ref());
    let Some(config) = networks().find_map(Network::as_transformer) else { return Vec::new() };
    let mut reasons = Vec::new();
    for network in networks() {
        match network {
            Network::TextEncoder(shape) if config.joint_attention_dim != 3 * shape.hidden_size => {
                reasons.push(format!(
                    "the transformer takes texts of {} channels, three layers of the text encoder have {}",
                    config.joint_attention_dim,
                    3 * shape.hidden_size
                ))
            }
            Network::Vae(shape) if config.in_channels != shape.token_channels() => reasons.push(format!(
                "the transformer takes tokens of {} channels, the autoencoder's have {}",
                config.in_channels,
                shape.token_channels()
            )),
            _ => {}
        }
    }
    let problem = |reason| Problem { file: checkpoint.path.clone(), name: None, reason };
    reasons.into_iter().map(problem).collect()
}
