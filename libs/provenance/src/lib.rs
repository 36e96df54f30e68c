//! Where a finished file comes from: a signed manifest, an invisible mark in its pixels, and reading of all that a file
//! says of itself.

mod config;
mod credentials;
mod inspect;
mod watermark;
mod xmp;

pub use config::ProvenanceConfig;
pub use credentials::{Credentials, CredentialsError, Origin, Signer, Standing};
pub use inspect::{Found, Provenance, inspect};
pub use watermark::{Detection, Key, Watermark};
pub use xmp::Xmp;
