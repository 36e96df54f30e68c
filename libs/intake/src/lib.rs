//! A brief comes in, by HTTP or from a producer: what both doors check and store, once.

mod admission;
mod check;
mod inputs;
mod photograph;
mod profiles;
mod shape;

pub use admission::admission;
pub use cavendish_imaging::ImagingConfig;
pub use check::{Known, check};
pub use inputs::{IntakeError, MAX_REFERENCE_BYTES, store_profile_references, store_references, store_test_picture};
pub use profiles::{named_profiles, pin_profiles};
pub use shape::{RENDER_SIDE, Shape, shape};
