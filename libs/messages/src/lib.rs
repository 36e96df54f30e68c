//! What crosses the broker: the CloudEvents envelope, the versioned payloads, and the names of exchanges, queues
//! and routing keys. Kept apart from the domain types so that both can change without each other.

mod envelope;
mod payload;
mod subject;
pub mod topology;

pub use envelope::{DecodeError, Envelope, MAX_EVENT_BYTES};
pub use payload::{AssetSummary, AssetsDeleted, EventType, JobEvent, JobRejected, JobRequested, Progress, ShotEvent};
pub use subject::{SubjectEvent, SubjectRejected, SubjectRequested, SubjectTested};
