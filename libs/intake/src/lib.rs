//! A brief comes in, by HTTP or from a producer: what both doors check and store, once.

mod admission;
mod check;
mod inputs;
mod shape;

pub use admission::admission;
pub use check::check;
pub use inputs::{IntakeError, MAX_REFERENCE_BYTES, store_references};
pub use shape::{RENDER_SIDE, Shape, shape};
