//! What stages hand over when their work is done.

use crate::claims::Claim;
use crate::jobs::RenderRow;
use crate::subjects::NewSubject;
use cavendish_domain::{BlobKey, Made, ShotId, ShotRequest};
use serde_json::Value;

/// A brief became shots.
#[derive(Debug, Clone)]
pub struct PlanCommit {
    /// The ingest claim.
    pub claim: Claim,
    /// The shots, at least one.
    pub shots: Vec<PlannedShot>,
    /// Subjects that were cut out on the way.
    pub subjects: Vec<NewSubject>,
    /// Why its owner is to look at it before anything is drawn; None lets it go on.
    pub held: Option<String>,
    /// Trace to carry on.
    pub traceparent: Option<String>,
}

/// One shot of a plan.
#[derive(Debug, Clone)]
pub struct PlannedShot {
    /// Its id, a function of job and index.
    pub id: ShotId,
    /// What it asks for.
    pub request: ShotRequest,
    /// A render of before that is to be finished: then nothing is drawn.
    pub render: Option<RenderRow>,
}

/// A shot was rendered.
#[derive(Debug, Clone)]
pub struct RenderCommit {
    /// The render claim.
    pub claim: Claim,
    /// The result.
    pub render: NewRender,
    /// Trace to carry on.
    pub traceparent: Option<String>,
}

/// A raw image and how it came about.
#[derive(Debug, Clone)]
pub struct NewRender {
    /// Where the image lies.
    pub blob_key: BlobKey,
    /// Model name and version.
    pub model: String,
    /// Seed.
    pub seed: u64,
    /// Denoising steps.
    pub steps: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// How it came about in the end.
    pub made: Made,
    /// Consistency of the kept subject that came out least like itself, 0..=1; `None` where none is kept.
    pub consistency: Option<f32>,
    /// Timings, scores, batch size: free-form, shown to people.
    pub report: Value,
}

/// A shot's assets are stored.
#[derive(Debug, Clone)]
pub struct FinishCommit {
    /// The postprocess claim.
    pub claim: Claim,
    /// The finished files.
    pub assets: Vec<NewAsset>,
}

/// A finished file.
#[derive(Debug, Clone)]
pub struct NewAsset {
    /// Its place in the brief's deliverables.
    pub deliverable: usize,
    /// Output spec.
    pub spec: String,
    /// Which variant.
    pub variant: u32,
    /// Where the file lies.
    pub blob_key: BlobKey,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// Media type.
    pub mime: String,
    /// Whether every check passed.
    pub compliant: bool,
    /// Consistency of its subjects, 0..=1; `None` where none is kept.
    pub consistency: Option<f32>,
    /// Whether that is less than the brief asks for.
    pub below_consistency: bool,
    /// The checks with what was measured, and timings.
    pub report: Value,
}
