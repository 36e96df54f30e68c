//! Blobs: references, renders and assets in S3, behind one small trait.
//!
//! [`Blobs`] speaks to any S3-compatible store; it is the only place in the workspace that knows the AWS SDK.
//! Keys come from [`cavendish_domain::BlobKey`] and are written once: [`BlobStore::put_new`] never overwrites, so
//! a repeated attempt finds its own bytes instead of racing somebody else's.
//!
//! With the feature `embedded` (on by default) the crate also serves S3 from a folder, for one machine:
//! [`EmbeddedS3`] in a process, or the binary `cavendish-s3`.

mod client;
mod config;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod probe;
mod store;

pub use client::Blobs;
pub use config::BlobsConfig;
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedError, EmbeddedHandle, EmbeddedS3};
pub use error::{BlobError, BlobErrorKind};
pub use probe::ConditionalWrites;
pub use store::{BlobInfo, BlobStore, Put};
