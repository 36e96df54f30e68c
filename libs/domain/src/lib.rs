//! The words of Cavendish as types: ids, the brief, and the state machines of job and shot. No I/O.

mod blob_key;
mod brief;
mod cost;
mod decision;
pub mod effort;
mod ids;
mod lane;
pub mod outlook;
mod profile;
mod shot;
mod state;

pub use blob_key::BlobKey;
pub use brief::{
    Backdrop, Brief, Deliverable, FieldError, InvalidBrief, MAX_DEADLINE_MS, MAX_DELIVERABLES, MAX_PROMPT_CHARS,
    MAX_REFERENCES, MAX_SUBJECTS, MAX_VARIANTS, Preserve, Quality, Reference, Subject,
};
pub use cost::{Basis, Cost, CostKey, CostModel, Estimate, SizeBucket};
pub use decision::{Decision, Expected, Reason, Reuse};
pub use ids::{
    AssetId, EventId, JobId, OwnerId, ProfileId, ProfileTestId, ProfileVersionId, ShotId, SubjectId, TenantId,
};
pub use lane::Lane;
pub use outlook::{Backlog, ModelFacts, Outlook};
pub use profile::{MAX_PROFILE_NAME, ProfileKind, ProfileName, ProfileRef, ProfileStanding, Verdict, check_references};
pub use shot::{Method, ShotRequest};
pub use state::{JobState, ShotState, Stage};
