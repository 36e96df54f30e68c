//! The payloads, version 1.

use cavendish_domain::{Brief, FieldError, JobId, Lane, ShotId};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $noun:literal . $verb:literal),* $(,)?) => {
        /// The events of the line, `cavendish.<noun>.<verb>.v1`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType { $($(#[$doc])* $variant),* }

        impl EventType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The full type, for the envelope.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => concat!("cavendish.", $noun, ".", $verb, ".v1")),* }
            }

            /// `<noun>.<verb>`, the middle of routing keys and the word in histories.
            #[must_use]
            pub fn noun_verb(self) -> &'static str {
                match self { $(Self::$variant => concat!($noun, ".", $verb)),* }
            }
        }

        impl FromStr for EventType {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|event| event.as_str() == text).ok_or(())
            }
        }
    };
}

event_types! {
    /// A brief is to be worked on. Anyone may publish it: [`JobRequested`].
    JobRequested = "job"."requested",
    /// The brief of a producer was refused: [`JobRejected`].
    JobRejected = "job"."rejected",
    /// The brief became shots: [`JobEvent`].
    JobPlanned = "job"."planned",
    /// The job waits for its owner to look: [`JobEvent`] with what is doubtful.
    JobHeld = "job"."held",
    /// The owner looked, and the job goes on: [`JobEvent`].
    JobReleased = "job"."released",
    /// A step was taken; may be lost: [`Progress`].
    JobProgressed = "job"."progressed",
    /// Every asset is there: [`JobEvent`].
    JobCompleted = "job"."completed",
    /// Something could not be made: [`JobEvent`].
    JobFailed = "job"."failed",
    /// The owner gave up: [`JobEvent`].
    JobCancelled = "job"."cancelled",
    /// A shot is to be rendered: [`ShotEvent`].
    ShotRequested = "shot"."requested",
    /// A shot is rendered: [`ShotEvent`].
    ShotRendered = "shot"."rendered",
    /// A shot's assets are stored: [`ShotEvent`].
    ShotFinished = "shot"."finished",
    /// References are to become a profile. Anyone may publish it: [`crate::SubjectRequested`].
    SubjectRequested = "subject"."requested",
    /// A version of a profile can be used: [`crate::SubjectEvent`].
    SubjectProfiled = "subject"."profiled",
    /// A request was refused, or no reference can be used: [`crate::SubjectRejected`].
    SubjectRejected = "subject"."rejected",
    /// A profile or a test could not be made: [`crate::SubjectEvent`].
    SubjectFailed = "subject"."failed",
    /// A picture was compared with a profile: [`crate::SubjectTested`].
    SubjectTested = "subject"."tested",
    /// Finished files are kept no longer: [`AssetsDeleted`].
    AssetDeleted = "asset"."deleted",
    /// An attempt failed and will be repeated: [`ShotEvent`] or [`JobEvent`].
    AttemptFailed = "attempt"."failed",
}

/// `asset.deleted`: files of a job that were deleted, or kept for as long as they were to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetsDeleted {
    /// The job.
    pub job_id: JobId,
    /// Slug of its tenant.
    pub tenant: String,
    /// Their keys in the bucket.
    pub keys: Vec<String>,
}

/// `job.requested`: either a brief that a producer publishes, or the id of a job that the gateway stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRequested {
    /// Slug of the tenant; `default` when absent.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// A job that is stored already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// What is asked for, from a producer that the gateway never saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief: Option<Brief>,
}

pub(crate) fn default_tenant() -> String {
    "default".into()
}

/// `job.rejected`: what is wrong with a producer's brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRejected {
    /// The id of the event that carried the brief.
    pub event_id: String,
    /// The source of that event.
    pub event_source: String,
    /// The faults, each with its field.
    pub errors: Vec<FieldError>,
}

/// What a listener learns about a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobEvent {
    /// The job.
    pub job_id: JobId,
    /// Slug of its tenant.
    pub tenant: String,
    /// Where it stands now.
    pub state: String,
    /// How many shots it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<u32>,
    /// The finished files, on completion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<AssetSummary>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// By how many milliseconds it missed its deadline, on completion; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_by_ms: Option<u64>,
}

/// A finished file in an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetSummary {
    /// Output spec.
    pub spec: String,
    /// Which variant of the brief.
    pub variant: u32,
    /// Key of the blob in the bucket.
    pub key: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// Media type.
    pub mime: String,
    /// Whether every check of the spec passed.
    pub compliant: bool,
    /// Consistency of its subjects, 0..=1; absent where none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<f32>,
    /// Whether that is less than the brief asks for.
    #[serde(default)]
    pub below_consistency: bool,
}

/// Hands a shot down the line. Everything else about it is in Postgres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotEvent {
    /// The job it belongs to.
    pub job_id: JobId,
    /// The shot.
    pub shot_id: ShotId,
    /// The lane it travels in.
    pub lane: Lane,
}

/// `job.progressed`: a step of a shot was taken. Not stored; may be lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The job.
    pub job_id: JobId,
    /// The shot.
    pub shot_id: ShotId,
    /// Steps done.
    pub step: u32,
    /// Steps in all.
    pub steps: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_pattern_and_parse_back() {
        for &event in EventType::ALL {
            assert_eq!(event.as_str(), format!("cavendish.{}.v1", event.noun_verb()));
            assert_eq!(event.as_str().parse(), Ok(event));
        }
    }

    #[test]
    fn a_producer_needs_no_more_than_a_brief() {
        let json = serde_json::json!({"brief": {"prompt": "hamburger", "deliverables": ["amazon-main"]}});
        let requested: JobRequested = serde_json::from_value(json).unwrap();
        assert_eq!((requested.tenant.as_str(), requested.job_id), ("default", None));
    }
}
