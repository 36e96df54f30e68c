//! The command line, as processes.

#![allow(clippy::unwrap_used)]

mod campaign;
mod common;
mod locales;
mod specs;
mod template;
mod up;
mod verify;
