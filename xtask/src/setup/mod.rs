//! `cargo xtask setup`.
pub(crate) mod servers;
