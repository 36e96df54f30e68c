//! The commands that look after the line. Each is a file with a `run`.

pub(crate) mod dead_letters;
pub(crate) mod job;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod model;
pub(crate) mod specs;
pub(crate) mod subject;
pub(crate) mod template;
pub(crate) mod up;
pub(crate) mod verify;
