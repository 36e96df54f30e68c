use crate::Key;
use crate::credentials::{CredentialsError, Signer, ensure_certificate};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// `[provenance]`: what is written into files to tell where they come from.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProvenanceConfig {
    /// Whether pixels carry an invisible mark.
    pub watermark: bool,
    /// The secret that marks are made and found with; without one every Cavendish can. Never printed.
    pub watermark_key: Option<String>,
    /// PEM with the certificates and the key that files are signed with.
    pub certificate: Option<PathBuf>,
    /// The same, made when it is not there: for a machine of one's own. `certificate` wins.
    pub local_certificate: Option<PathBuf>,
}

impl ProvenanceConfig {
    /// Who signs files, where that is configured.
    ///
    /// # Errors
    /// When the certificate cannot be read, used, or made.
    pub fn signer(&self) -> Result<Option<Signer>, CredentialsError> {
        let Some(path) = self.certificate.as_ref().or(self.local_certificate.as_ref()) else { return Ok(None) };
        if self.certificate.is_none() {
            ensure_certificate(path)?;
        }
        Signer::load(path).map(Some)
    }

    /// The key of the marks.
    pub fn key(&self) -> Key {
        self.watermark_key.as_deref().map_or_else(Key::default, Key::new)
    }
}

impl Default for ProvenanceConfig {
    fn default() -> Self {
        Self { watermark: true, watermark_key: None, certificate: None, local_certificate: None }
    }
}

impl fmt::Debug for ProvenanceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.watermark_key.as_ref().map(|_| "…");
        f.debug_struct("ProvenanceConfig")
            .field("watermark", &self.watermark)
            .field("watermark_key", &key)
            .field("certificate", &self.certificate)
            .field("local_certificate", &self.local_certificate)
            .finish()
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
