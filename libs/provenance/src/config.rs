use crate::Key;
use serde::Deserialize;
use std::fmt;

/// `[provenance]`: what is written into files to tell where they come from.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProvenanceConfig {
    /// Whether pixels carry an invisible mark.
    pub watermark: bool,
    /// The secret that marks are made and found with; without one every Cavendish can. Never printed.
    pub watermark_key: Option<String>,
}

impl ProvenanceConfig {
    /// The key of the marks.
    pub fn key(&self) -> Key {
        self.watermark_key.as_deref().map_or_else(Key::default, Key::new)
    }
}

impl Default for ProvenanceConfig {
    fn default() -> Self {
        Self { watermark: true, watermark_key: None }
    }
}

impl fmt::Debug for ProvenanceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.watermark_key.as_ref().map(|_| "…");
        f.debug_struct("ProvenanceConfig").field("watermark", &self.watermark).field("watermark_key", &key).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_never_printed() {
        let config = ProvenanceConfig { watermark_key: Some("hush".into()), ..ProvenanceConfig::default() };
        assert!(!format!("{config:?} {:?}", config.key()).contains("hush"));
        assert!(config.key() != ProvenanceConfig::default().key());
    }
}
