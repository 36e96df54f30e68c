//! Type: the copy of an advertisement, set onto finished images.
//!
//! The way of a text: put in the words of its locale where it leaves days, numbers or the price to it; broken where its language allows, shaped (cosmic-text) at the largest size that fits its room in the
//! template's arrangement, clear of the subject and within the safe area; then a colour that can be read on what is behind
//! it, or a panel where none can; then pixels. Everything is synchronous and gives the same bytes for the same input.

mod brand;
mod breaking;
mod check;
mod contrast;
mod error;
mod fonts;
mod house;
mod money;
mod paint;
mod palette;
mod report;
mod room;
mod set;
mod setter;
mod template;
mod wording;

pub use brand::BrandKit;
pub use error::TypeError;
pub use fonts::Fonts;
pub use house::{HouseStyle, TypeConfig};
pub use icu_locale::Locale;
pub use money::locale;
pub use report::{Element, ElementReport, Fit, TypeReport};
pub use set::{Rooms, Setting};
pub use template::Template;
