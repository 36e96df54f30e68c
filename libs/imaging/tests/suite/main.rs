//! What the crate promises of its public functions. One binary, so that the codecs are linked once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod colours;
mod cut_out_already;
mod cutting;
mod decoding;
mod encoding;
mod fitting;
mod frames;
mod groups;
mod hostile;
mod mutated;
mod photographs;
mod promises;
mod references;
mod samples;
mod scenes;
mod whole;
