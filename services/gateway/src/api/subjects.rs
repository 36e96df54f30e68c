//! The shapes of subject profiles.

use cavendish_domain::{ProfileKind, ProfileName, Reason, Reference};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Body of `POST /v1/subjects`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewSubject {
    /// Its name: lower-case letters and digits with single hyphens between.
    pub name: ProfileName,
    /// What it is.
    #[serde(default)]
    pub kind: ProfileKind,
    /// Pictures of it, 1..=14.
    pub references: Vec<Reference>,
}

/// Body of `POST /v1/subjects/{name}/versions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewVersion {
    /// Pictures of it, 1..=14: all of them, not only the new ones.
    pub references: Vec<Reference>,
}

/// Body of `POST /v1/subjects/{name}/test`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewTest {
    /// What is compared with the subject.
    pub picture: Reference,
}

/// Answer to both ways of adding: 202, also for an idempotency key that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectAccepted {
    /// The version's id.
    pub id: Uuid,
    /// Name of the subject.
    pub name: String,
    /// What it is.
    pub kind: ProfileKind,
    /// Number of the version.
    pub version: u32,
    /// `GET`: [`SubjectStatus`] of this version.
    pub status_url: String,
}

/// Answer of `GET /v1/subjects`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectList {
    /// By name.
    pub subjects: Vec<SubjectHead>,
}

/// A subject in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectHead {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Where the newest version stands: `requested`, `profiled`, `rejected` or `failed`.
    pub status: String,
    /// How many versions there are.
    pub versions: i64,
    /// The version that a job gets which names none; absent while none is profiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<i32>,
    /// How many jobs used it.
    pub jobs: i64,
    /// When it was first asked for.
    pub created_at: DateTime<Utc>,
    /// `GET`: [`SubjectStatus`].
    pub status_url: String,
}

/// A version in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionHead {
    /// Number.
    pub version: i32,
    /// Where it stands.
    pub status: String,
    /// Why it was rejected or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// References in all.
    pub references: i64,
    /// Those that are good.
    pub good: i64,
    /// Those that are used with reservations.
    pub flagged: i64,
    /// Those that are left out.
    pub rejected: i64,
    /// Mean consistency of the references with each other, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_similarity: Option<f64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
}

/// Answer of `GET /v1/subjects/{name}` and `GET /v1/subjects/{name}@{version}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectStatus {
    /// The subject in short.
    #[serde(flatten)]
    pub head: SubjectHead,
    /// The version that was asked for, or else the current or the newest one.
    pub profile: VersionStatus,
    /// All versions, the newest first.
    pub history: Vec<VersionHead>,
    /// The newest jobs that used it, whichever version.
    pub used_by: Vec<JobUse>,
}

/// Everything about a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionStatus {
    /// The version in short.
    #[serde(flatten)]
    pub head: VersionHead,
    /// What made the embeddings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// Colours: `[{hex, name, share}]`.
    pub palette: Value,
    /// What can be told of the subject.
    pub attributes: Value,
    /// Self-similarity as a matrix over `indices`, and timings.
    pub report: Value,
    /// The references, in their order.
    pub pictures: Vec<ReferenceStatus>,
}

/// A reference of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceStatus {
    /// Its place in the request.
    pub index: i32,
    /// `good`, `flagged` or `rejected`; absent until it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Why it is not worth more.
    pub reasons: Vec<Reason>,
    /// What was measured.
    pub measures: Value,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<i32>,
    /// How sure the cut-out is, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// Key of the picture in the bucket.
    pub key: String,
    /// Downloads the picture without credentials, for a while.
    pub url: String,
    /// Downloads the cut-out likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutout_url: Option<String>,
}

/// A job that used a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobUse {
    /// The job.
    pub id: Uuid,
    /// Its brief's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it stands.
    pub status: String,
    /// The version that it pinned.
    pub version: i32,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// `GET`: the job.
    pub status_url: String,
}

/// Answer of `POST /v1/subjects/{name}/test` (202) and `GET /v1/subjects/{name}/tests/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestStatus {
    /// The test.
    pub id: Uuid,
    /// Name of the subject.
    pub name: String,
    /// The version that the picture is compared with.
    pub version: i32,
    /// `requested`, `tested` or `failed`.
    pub status: String,
    /// `consistency` (0..=1, from 0.5 on rather the same subject), `cosine`, `nearest` (index of a reference), `same`,
    /// and what is wrong with the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// `GET`: this.
    pub status_url: String,
}
