//! The catalogue of output specs: what each network takes, as data, and the checks of a finished file against it.
//!
//! Nothing here decodes a picture. [`Spec::check`] compares a spec with [`Facts`] that somebody measured from the
//! finished bytes, and says for every rule whether it held, did not hold, or cannot be told by a machine.
//!
//! ```
//! use cavendish_specs::Catalogue;
//!
//! let specs = Catalogue::builtin();
//! assert_eq!(specs.get("meta-story").unwrap().size.height, 2560);
//! let error = specs.get("amazon-man").unwrap_err();
//! assert_eq!(error.to_string(), "unknown spec `amazon-man`; did you mean `amazon-main`?");
//! ```

mod catalogue;
mod check;
mod error;
mod facts;
mod file;
mod folder;
mod format;
mod spec;
mod validate;

pub use catalogue::Catalogue;
pub use check::{Check, Outcome, Report};
pub use error::{CatalogueError, CatalogueFault, UnknownSpec};
pub use facts::{Border, ColourSpace, Facts, Frame, PixelBox};
pub use folder::{Catalogues, SpecsConfig};
pub use format::Format;
pub use spec::{Background, Colour, Fill, Forbidden, Insets, Limit, Size, Spec, Trust};
