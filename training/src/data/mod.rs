//! What is trained on: rendered objects with true alpha and their names.

mod objects;

pub(crate) use objects::{Mip, Object, Objects, Split};
