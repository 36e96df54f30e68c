//! Where a finished file comes from: an invisible mark in its pixels, and reading of all that a file says of itself.

mod config;
mod inspect;
mod watermark;
mod xmp;

pub use config::ProvenanceConfig;
pub use inspect::{Found, Provenance, inspect};
pub use watermark::{Detection, Key, Watermark};
pub use xmp::Xmp;
