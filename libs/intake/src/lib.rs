//! A brief comes in, by HTTP or from a producer: what both doors check and store, once.

mod check;
mod inputs;

pub use check::check;
pub use inputs::{IntakeError, MAX_REFERENCE_BYTES, store_references};
