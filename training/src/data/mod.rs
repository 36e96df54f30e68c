//! What is trained on: rendered objects with true alpha and their names, and photographs to put them before.

mod backgrounds;
mod objects;

pub(crate) use backgrounds::{Backgrounds, Photo};
pub(crate) use objects::{Mip, Object, Objects, Split};
