//! Jobs as their owners see them. Every query is scoped by tenant: an id of another tenant answers as an id that
//! does not exist.

mod accept;
mod cancel;
mod rendered;
mod views;

pub use accept::{Accepted, NewJob};
pub use rendered::RenderedShot;
pub use views::{AssetRow, HistoryEntry, JobSummary, JobView, RenderRow, ShotView};
