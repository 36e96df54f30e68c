use super::context;
use c2pa::{Manifest, Reader, ValidationState};
use cavendish_imaging::Format;
use serde::Serialize;
use serde_json::Value;
use std::io::Cursor;

/// How far a manifest can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is broken, or the file was changed after it was signed.
    Invalid,
    /// It is whole, and so is the file; who signed it is not known here.
    Valid,
    /// It is whole, and signed by one who is trusted here.
    Trusted,
}

/// What a file's Content Credentials say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// How far they can be believed.
    pub standing: Standing,
    /// Who signed: organisation and name in the certificate.
    pub signer: Option<String>,
    /// The program that made the claim.
    pub generator: Option<String>,
    /// How the pixels came to be, the last segment of the IPTC vocabulary's URI.
    pub source: Option<String>,
    /// The job's id, in files of Cavendish.
    pub job: Option<String>,
    /// What is wrong with them, as codes of the specification.
    pub faults: Vec<String>,
}

impl Credentials {
    /// The credentials in a file; `None` where there are none. `anchors` (PEM) are the authorities to trust.
    #[must_use]
    pub fn of(file: &[u8], format: Format, anchors: Option<&str>) -> Option<Self> {
        let reader = Reader::from_context(context(anchors).ok()?);
        match reader.with_stream(format.mime(), Cursor::new(file)) {
            Ok(reader) => Some(Self::told(&reader)),
            Err(c2pa::Error::JumbfNotFound | c2pa::Error::UnsupportedType) => None,
            Err(error) => Some(Self::broken(error.to_string())),
        }
    }

    fn told(reader: &Reader) -> Self {
        let standing = match reader.validation_state() {
            ValidationState::Invalid => Standing::Invalid,
            ValidationState::Valid => Standing::Valid,
            ValidationState::Trusted => Standing::Trusted,
        };
        let faults = reader.validation_status().unwrap_or_default().iter().map(|status| status.code().to_owned());
        // That the signer is not known here is told by the standing.
        let faults = faults.filter(|code| code != "signingCredential.untrusted").collect();
        let Some(manifest) = reader.active_manifest() else { return Self::broken("no manifest is active".into()) };
        let signer = match (manifest.issuer(), manifest.common_name()) {
            (Some(issuer), Some(name)) if issuer != name => Some(format!("{issuer} · {name}")),
            (issuer, name) => issuer.or(name),
        };
        let generator = manifest.claim_generator_info.as_ref().and_then(|all| all.first());
        let generator = generator.map(|info| match &info.version {
            Some(version) => format!("{} {version}", info.name),
            None => info.name.clone(),
        });
        let generator = generator.or_else(|| manifest.claim_generator().map(str::to_owned));
        Self { standing, signer, generator, source: source(manifest), job: job(manifest), faults }
    }

    fn broken(why: String) -> Self {
        let standing = Standing::Invalid;
        Self { standing, signer: None, generator: None, source: None, job: None, faults: vec![why] }
    }
}

/// What the first action that says it says of where the pixels are from.
fn source(manifest: &Manifest) -> Option<String> {
    let of = |label: &str| manifest.find_assertion::<Value>(label).ok();
    let actions = of("c2pa.actions.v2").or_else(|| of("c2pa.actions"))?;
    let kind = actions["actions"].as_array()?.iter().find_map(|action| action["digitalSourceType"].as_str())?;
    kind.rsplit('/').next().map(str::to_owned)
}

fn job(manifest: &Manifest) -> Option<String> {
    manifest.find_assertion::<Value>("org.cavendish.render").ok()?["job"].as_str().map(str::to_owned)
}
