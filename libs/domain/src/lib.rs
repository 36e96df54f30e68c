//! The words of Cavendish as types: ids, the brief, and the state machines of job and shot. No I/O.

mod blob_key;
mod brand;
mod brief;
mod copy;
mod cost;
mod decision;
pub mod effort;
mod faults;
mod ids;
mod kept;
mod lane;
mod mark;
pub mod outlook;
mod profile;
mod scene;
mod shot;
mod state;
mod stretch;

pub use blob_key::BlobKey;
pub use brand::{Brand, BrandChoice};
pub use brief::{
    Backdrop, Brief, Deliverable, MAX_DEADLINE_MS, MAX_DELIVERABLES, MAX_PROMPT_CHARS, MAX_REFERENCES, MAX_SUBJECTS,
    MAX_VARIANTS, Quality, RELATIVE_SIZES, Reference, Subject,
};
pub use copy::{AdCopy, MAX_CTA_CHARS, MAX_HEADLINE_CHARS, MAX_LINES_CHARS, Price};
pub use cost::{Basis, Cost, CostKey, CostModel, Estimate, SizeBucket};
pub use decision::{Decision, Expected, Reason, Reuse};
pub use faults::{FieldError, InvalidBrief};
pub use ids::{
    AssetId, EventId, JobId, OwnerId, ProfileId, ProfileTestId, ProfileVersionId, ShotId, SubjectId, TenantId,
};
pub use kept::{
    Fallback, Keeping, KnownEmbeddings, LEAST_CONSISTENCY, Made, OnDoubt, OnInconsistent, Outpainted, Preserve,
    ShotCutout, ShotSubject, Way,
};
pub use lane::Lane;
pub use mark::{MAX_MARKS, Mark};
pub use outlook::{Backlog, ModelFacts, Outlook};
pub use profile::{MAX_PROFILE_NAME, ProfileKind, ProfileName, ProfileRef, ProfileStanding, Verdict, check_references};
pub use shot::{Frame, Method, Outpaint, Placing, ShotRequest};
pub use state::{JobState, ShotState, Stage};
pub use stretch::{DateForm, Stretch, stretches};
