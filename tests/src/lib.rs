//! End to end: the real service processes over a world of their own, for tests and for the benches of the line.

mod chaos;
mod fleet;
mod producer;

pub use chaos::{Chaos, Tally, cut_connections};
pub use fleet::{Fleet, Process, Service, Settings};
pub use producer::{Producer, brief, photo, photo_of};
