use crate::error::{EngineError, ErrorKind, Result};
use crate::weights::Files;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// What peft's configuration says about scales; `adapter_config.json` beside the weights, or diffusers' note in their header.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scales {
    lora_alpha: Option<f64>,
    /// Exceptions, by the end of the module's name.
    alpha_pattern: BTreeMap<String, f64>,
    /// Divide by the square root of the rank (rank-stabilised LoRA).
    use_rslora: bool,
    /// Another method, which also changes the weights' magnitudes.
    use_dora: bool,
}

impl Scales {
    pub(super) fn read(path: &Path, files: &Files) -> Result<Self> {
        let cannot = |e: Box<dyn std::error::Error + Send + Sync>| {
            EngineError::caused(ErrorKind::Weights, format!("cannot read the configuration of {}", path.display()), e)
        };
        let beside = path.with_file_name("adapter_config.json");
        let value = if beside.exists() {
            let text = std::fs::read_to_string(&beside).map_err(|e| cannot(e.into()))?;
            serde_json::from_str(&text).map_err(|e| cannot(e.into()))?
        } else if let Some(note) = files.note("lora_adapter_metadata") {
            without_component(serde_json::from_str(note).map_err(|e| cannot(e.into()))?)
        } else {
            return Ok(Self::default());
        };
        let scales: Self = serde_json::from_value(value).map_err(|e| cannot(e.into()))?;
        if scales.use_dora {
            return Err(EngineError::new(ErrorKind::Weights, format!("{} is a DoRA adapter", path.display())));
        }
        Ok(scales)
    }

    /// The factor of `B·A` for a module; `alpha` as the weights themselves give it goes first.
    pub(super) fn of(&self, module: &str, alpha: Option<f64>, rank: i64) -> f64 {
        let ends = |pattern: &str| module == pattern || module.ends_with(&format!(".{pattern}"));
        let special = || self.alpha_pattern.iter().find(|(pattern, _)| ends(pattern)).map(|(_, alpha)| *alpha);
        let rank = rank as f64;
        let Some(alpha) = alpha.or_else(special).or(self.lora_alpha) else { return 1.0 };
        alpha / if self.use_rslora { rank.sqrt() } else { rank }
    }
}

/// diffusers puts the component's name before every field.
fn without_component(note: Map<String, Value>) -> Value {
    let field = |(name, value): (String, Value)| {
        let name = name.strip_prefix("transformer.").map(str::to_owned).unwrap_or(name);
        (name, value)
    };
    Value::Object(note.into_iter().map(field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "powers of two")]
    fn the_nearest_word_counts() {
        let text = r#"{"lora_alpha": 8, "alpha_pattern": {"attn.to_q": 32}, "use_rslora": false, "r": 4}"#;
        let scales: Scales = serde_json::from_str(text).unwrap();
        assert_eq!(scales.of("x.0.ff", None, 4), 2.0);
        assert_eq!(scales.of("x.0.attn.to_q", None, 4), 8.0);
        assert_eq!(scales.of("x.0.attn.to_q", Some(2.0), 4), 0.5);
        assert_eq!(Scales::default().of("x", None, 4), 1.0);
        assert_eq!(Scales { use_rslora: true, lora_alpha: Some(8.0), ..Scales::default() }.of("x", None, 16), 2.0);
    }
}
