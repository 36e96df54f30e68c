//! The HTTP side over real servers. No stage runs here: a job is driven by what a caller can do to it.

#![allow(clippy::unwrap_used)]

mod access;
mod deadline;
mod follow;
mod photos;
mod retention;
mod specs;
mod subjects;
mod submit;
mod world;
