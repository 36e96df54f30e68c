//! Typed ids: a job id is never passed for a shot id.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by time (UUID v7).
            #[must_use]
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The plain UUID.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

typed_id! {
    /// Who owns jobs, subjects, keys and quotas.
    TenantId,
    /// An accepted brief.
    JobId,
    /// One render of a plan.
    ShotId,
    /// A finished file for one deliverable.
    AssetId,
    /// A subject of a job.
    SubjectId,
    /// A subject profile.
    ProfileId,
    /// One version of a subject profile.
    ProfileVersionId,
    /// A picture that is compared with a profile.
    ProfileTestId,
    /// An event on the line; stable across retries.
    EventId,
    /// A worker process that holds claims.
    OwnerId,
}

impl TenantId {
    /// The tenant that every installation starts with (slug `default`).
    pub const DEFAULT: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}

impl JobId {
    /// The job of a brief that a producer published itself: the same `source` and event id always give the
    /// same job, so a redelivered event cannot become a second job (UUID v5).
    #[must_use]
    pub fn of_event(source: &str, event_id: &str) -> Self {
        let name = format!("{}:{source}{event_id}", source.len());
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
    }
}

impl ProfileVersionId {
    /// The version that a request asks for: the same `source` and request id always give the same version (UUID v5).
    #[must_use]
    pub fn of_event(source: &str, event_id: &str) -> Self {
        Self(Uuid::new_v5(&JobId::of_event(source, event_id).0, b"profile"))
    }
}

impl ShotId {
    /// The `index`-th shot of a job: planning the same job twice gives the same ids (UUID v5).
    #[must_use]
    pub fn of_job(job: JobId, index: u32) -> Self {
        Self(Uuid::new_v5(&job.0, &index.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_one_job_and_source_and_id_do_not_run_together() {
        assert_eq!(JobId::of_event("shop", "1"), JobId::of_event("shop", "1"));
        assert_ne!(JobId::of_event("shop", "11"), JobId::of_event("shop1", "1"));
    }

    #[test]
    fn shots_of_a_job_are_stable_and_distinct() {
        let job = JobId::new();
        assert_eq!(ShotId::of_job(job, 0), ShotId::of_job(job, 0));
        assert_ne!(ShotId::of_job(job, 0), ShotId::of_job(job, 1));
    }
}
