//! What the crate promises of its public functions. One binary, so that the codecs are linked once.

mod cutting;
mod decoding;
mod encoding;
mod fitting;
mod hostile;
mod samples;
mod scenes;
