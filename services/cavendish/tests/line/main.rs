//! The command line, as processes.

#![allow(clippy::unwrap_used)]

mod campaign;
mod common;
mod locales;
mod specs;
mod up;
mod verify;
