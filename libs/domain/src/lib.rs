//! The words of Cavendish as types: ids, the brief, and the state machines of job and shot. No I/O.

mod blob_key;
mod brief;
mod ids;
mod lane;
mod shot;
mod state;

pub use blob_key::BlobKey;
pub use brief::{
    Backdrop, Brief, Deliverable, FieldError, InvalidBrief, MAX_DELIVERABLES, MAX_PROMPT_CHARS, MAX_REFERENCES,
    MAX_SUBJECTS, MAX_VARIANTS, Preserve, Quality, Reference, Subject,
};
pub use ids::{AssetId, EventId, JobId, OwnerId, ShotId, SubjectId, TenantId};
pub use lane::Lane;
pub use shot::{Method, ShotRequest};
pub use state::{JobState, ShotState, Stage};
