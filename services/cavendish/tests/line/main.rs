//! The command line on a real line, as processes.

#![allow(clippy::unwrap_used)]

mod campaign;
mod common;
mod up;
