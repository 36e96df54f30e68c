//! The shapes of the API, version 1. Clients should ignore fields that they do not know.

pub mod subjects;

use cavendish_domain::{JobState, Lane};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Where to go on from a job. Paths, unless the gateway knows its public URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLinks {
    /// `GET`: [`JobStatus`].
    pub status_url: String,
    /// `GET`: server-sent events, [`JobEntry`] each.
    pub events_url: String,
    /// `POST`: gives the job up.
    pub cancel_url: String,
}

/// Answer of `POST /v1/jobs`: 202, also for an idempotency key that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobAccepted {
    /// The job.
    pub id: Uuid,
    /// Where it stands.
    pub status: JobState,
    /// How many jobs wait in the same lane before this one; absent once it is taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<i64>,
    /// Where to go on.
    #[serde(flatten)]
    pub links: JobLinks,
}

/// Answer of `GET /v1/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobList {
    /// The newest jobs first.
    pub jobs: Vec<JobHead>,
}

/// A job in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobHead {
    /// The job.
    pub id: Uuid,
    /// Where it stands.
    pub status: JobState,
    /// The brief's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The queue it travels in.
    pub lane: Lane,
    /// Why it failed or is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it was completed, failed or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// When it was to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<DateTime<Utc>>,
    /// By how many milliseconds it missed its deadline, once it is completed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_by_ms: Option<u64>,
    /// Where to go on.
    #[serde(flatten)]
    pub links: JobLinks,
}

/// Answer of `GET /v1/jobs/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobStatus {
    /// The job in short.
    #[serde(flatten)]
    pub head: JobHead,
    /// How many jobs wait in the same lane before this one; absent once it is taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<i64>,
    /// The brief as it was accepted: photographs as blobs, seed drawn.
    pub brief: Value,
    /// How long it took.
    pub timings: JobTimings,
    /// Its shots, in the order of the plan.
    pub shots: Vec<ShotStatus>,
    /// What was cut out of its subjects' photographs, once it is planned: what is to be looked at while a job is held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cutouts: Vec<CutoutStatus>,
    /// How many of its files have subjects that are less consistent than the brief asks for.
    #[serde(default)]
    pub below_consistency: usize,
    /// Its finished files, by variant and deliverable.
    pub assets: Vec<AssetStatus>,
}

/// A cut-out of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutoutStatus {
    /// Which subject of the brief, from 0.
    pub subject: usize,
    /// How sure it is, 0..=1.
    pub confidence: f32,
    /// What is doubtful about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertain: Option<String>,
    /// Downloads it without credentials, for a while: PNG with alpha.
    pub url: String,
}

/// Wall-clock milliseconds, from the job's history; absent while not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTimings {
    /// From acceptance to the plan: waiting for ingest, and its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning_ms: Option<u64>,
    /// From the plan to the last render.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendering_ms: Option<u64>,
    /// From the last render to the last finished shot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finishing_ms: Option<u64>,
    /// From acceptance until the job was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

/// Wall-clock milliseconds of one shot, from the job's history; absent while not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShotTimings {
    /// From the plan to the render: waiting, drawing, storing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub render_ms: Option<u64>,
    /// From the render to its assets: waiting, composing, encoding, storing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postprocess_ms: Option<u64>,
}

/// A shot of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotStatus {
    /// The shot.
    pub id: Uuid,
    /// Its place in the plan.
    pub index: i32,
    /// Where it stands, a shot state.
    pub status: String,
    /// What it asks for, with the decision that led to it and its reasons.
    pub request: Value,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its render, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub render: Option<RenderStatus>,
    /// How long it took.
    pub timings: ShotTimings,
}

/// The render of a shot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderStatus {
    /// The attempt that made it.
    pub attempt: i32,
    /// Model name and version.
    pub model: String,
    /// Seed.
    pub seed: u64,
    /// Denoising steps.
    pub steps: i32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Consistency of the kept subject that came out least like itself, 0..=1; absent where none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<f32>,
    /// Timings, scores, and what was tried.
    pub report: Value,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetStatus {
    /// The asset.
    pub id: Uuid,
    /// The shot that fed it.
    pub shot_id: Uuid,
    /// Its place in the brief's deliverables.
    pub deliverable: i32,
    /// Output spec.
    pub spec: String,
    /// Which variant of the brief, from 0.
    pub variant: i32,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// Size of the file.
    pub bytes: i64,
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
    /// The checks with what was measured, and timings.
    pub report: Value,
    /// Key of the file in the bucket.
    pub key: String,
    /// Downloads the file without credentials, for a while; empty when the file is deleted.
    pub url: String,
    /// When the file was deleted, by somebody or because it was kept for as long as it was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Answer of `DELETE /v1/jobs/{id}/assets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetsGone {
    /// Files that were there until now.
    pub deleted: usize,
}

/// A line of a job's history: the data of a server-sent event. Steps of a render (`job.progressed`) have no `seq`
/// and may be lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobEntry {
    /// Grows with time; also the id of the server-sent event, for `Last-Event-ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// `<noun>.<verb>`, also the name of the server-sent event.
    #[serde(rename = "type")]
    pub event: String,
    /// What.
    pub data: Value,
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// Machine-readable, for example `invalid_brief`.
    pub code: String,
    /// For a person.
    pub message: String,
    /// The faults, each with its field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<cavendish_domain::FieldError>,
}
