//! Pictures as references of something: what they are worth, and what they tell of its colours and form.

mod attributes;
mod colour;
mod inspect;
mod palette;

pub use attributes::{Attributes, attributes};
pub use colour::colour_name;
pub use inspect::{Flaw, Measures, inspect, inspect_whole};
pub use palette::{Swatch, palette};
