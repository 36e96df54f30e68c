//! Content Credentials (C2PA 2): a signed manifest in the file that says what made it, and notices every change of a byte.

mod certificate;
mod read;
mod sign;

pub(crate) use certificate::ensure_certificate;
pub use read::{Credentials, Standing};
pub use sign::{CredentialsError, Origin, Signer};

use c2pa::Context;
use serde_json::json;

/// Nothing is fetched from anywhere, whatever a manifest or a certificate says; `anchors` (PEM) are whom to trust.
fn context(anchors: Option<&str>) -> c2pa::Result<Context> {
    Context::new().with_settings(json!({
        "verify": { "verify_after_sign": false, "remote_manifest_fetch": false, "ocsp_fetch": false },
        "builder": { "thumbnail": { "enabled": false } },
        "trust": { "user_anchors": anchors },
    }))
}
