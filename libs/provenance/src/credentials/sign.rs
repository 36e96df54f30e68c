use super::context;
use c2pa::{BoxedSigner, Builder, SigningAlg, create_signer};
use cavendish_imaging::{Format, Marking};
use serde_json::{Value, json};
use std::fmt;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes of a manifest without its certificates, at most: claim, assertions, hashes and the boxes round them.
const MANIFEST: usize = 5 * 1024;
/// Bytes of a signature of ES256 and what stands round it.
const SIGNATURE: usize = 512;

/// How the signer's key begins.
const KEY: &str = "-----BEGIN PRIVATE KEY-----";

/// Why a file could not be signed.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The certificate cannot be read or written.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Certificate and key are not for signing Content Credentials, or the file cannot hold them.
    #[error("Content Credentials: {0}")]
    Refused(String),
}

impl From<c2pa::Error> for CredentialsError {
    fn from(error: c2pa::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

/// What a manifest says of a file.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// A name for people.
    pub title: &'a str,
    /// How its pixels came to be.
    pub marking: Option<Marking>,
    /// The model that drew, where one did.
    pub model: Option<&'a str>,
    /// The seed of the render.
    pub seed: Option<u64>,
    /// A hash of the prompt; the prompt itself is the customer's.
    pub prompt_hash: Option<&'a str>,
    /// The job's id.
    pub job: Option<&'a str>,
}

/// A certificate with its key, ES256: whoever reads the files learns who answers for them.
pub struct Signer {
    inner: Reserving,
    chain: String,
    reserve: usize,
}

/// A signer that asks for no more room than its certificates and a signature take: banners have few bytes.
struct Reserving(BoxedSigner, usize);

impl c2pa::Signer for Reserving {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        self.0.sign(data)
    }

    fn alg(&self) -> SigningAlg {
        self.0.alg()
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        self.0.certs()
    }

    fn reserve_size(&self) -> usize {
        self.1
    }
}

impl Signer {
    /// Whether files of this format can hold Content Credentials.
    #[must_use]
    pub fn signs(format: Format) -> bool {
        format != Format::Pdf
    }

    /// From a PEM file: a chain of certificates, the signer's own first, and after it the signer's key (PKCS#8, P-256).
    ///
    /// # Errors
    /// When it cannot be read or used, naming the file.
    pub fn load(path: &Path) -> Result<Self, CredentialsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CredentialsError::Unreadable { path: path.to_owned(), source })?;
        let refused = |why: String| CredentialsError::Refused(format!("{}: {why}", path.display()));
        let split = text.find(KEY).ok_or_else(|| refused(format!("has no `{KEY}` after its certificates")))?;
        let (chain, key) = text.split_at(split);
        let signer = create_signer::from_keys(chain.as_bytes(), key.as_bytes(), SigningAlg::Es256, None)
            .map_err(|error| refused(error.to_string()))?;
        let certificates: usize = signer.certs()?.iter().map(Vec::len).sum();
        let signature = certificates + SIGNATURE;
        Ok(Self { inner: Reserving(signer, signature), chain: chain.to_owned(), reserve: signature + MANIFEST })
    }

    /// The certificates, PEM: whoever trusts them knows the signer.
    #[must_use]
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Bytes that a file grows by when it is signed, at most.
    #[must_use]
    pub fn reserve(&self) -> usize {
        self.reserve
    }

    /// The file with its manifest.
    ///
    /// # Errors
    /// [`CredentialsError::Refused`] for a format without room for manifests, and a file that is none of it.
    pub fn sign(&self, file: &[u8], format: Format, origin: Origin<'_>) -> Result<Vec<u8>, CredentialsError> {
        let mut builder = Builder::from_context(context(None)?).with_definition(definition(origin).to_string())?;
        let mut signed = Cursor::new(Vec::with_capacity(file.len() + self.reserve));
        builder.sign(&self.inner, format.mime(), &mut Cursor::new(file), &mut signed)?;
        Ok(signed.into_inner())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("reserve", &self.reserve).finish_non_exhaustive()
    }
}

fn definition(origin: Origin<'_>) -> Value {
    let Origin { title, marking, model, seed, prompt_hash, job } = origin;
    let mut created = json!({ "action": "c2pa.created" });
    if let Some(marking) = marking {
        let kind = format!("http://cv.iptc.org/newscodes/digitalsourcetype/{}", marking.name());
        created["digitalSourceType"] = kind.into();
    }
    if let Some(model) = model {
        created["softwareAgent"] = json!({ "name": model });
    }
    let render = json!({ "seed": seed, "prompt_sha256": prompt_hash, "job": job });
    json!({
        "title": title,
        "claim_generator_info": [{ "name": "Cavendish", "version": env!("CARGO_PKG_VERSION") }],
        "assertions": [
            { "label": "c2pa.actions.v2", "data": { "actions": [created] } },
            { "label": "org.cavendish.render", "data": render, "kind": "Json" },
        ],
    })
}
