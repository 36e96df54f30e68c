//! The engine against the reference implementation, and what its renderer promises. One binary, so that libtorch is
//! linked once.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests; clippy knows functions marked as such only")]

mod equals_reference;
mod renderer;
mod sharing;
mod support;
mod weights;
