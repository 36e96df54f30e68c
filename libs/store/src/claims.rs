//! Claims: who works on what, with lease, heartbeat and fencing.

mod give_back;
mod hold;

use cavendish_domain::{JobId, Lane, Stage, TenantId};
pub(crate) use give_back::seize_waiting;
use serde_json::Value;
use sqlx::FromRow;
use std::time::Duration;
use uuid::Uuid;

/// A worker's right to one piece of work. `attempt` is the fencing token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The stage.
    pub stage: Stage,
    /// The job (ingest), shot (render, postprocess), profile version or profile test (profile).
    pub subject_id: Uuid,
    /// The job it belongs to; nil at `profile`, whose work belongs to none: see [`Claim::job`].
    pub job_id: JobId,
    /// Who owns the job.
    pub tenant_id: TenantId,
    /// Slug of the tenant, for routing keys.
    pub tenant: String,
    /// The lane it travels in.
    pub lane: Lane,
    /// Grows with every claim; a commit must name the current one.
    pub attempt: i32,
    /// Attempts that went wrong before this one.
    pub failures: i32,
}

/// A claim together with what the stage needs to know.
#[derive(Debug, Clone)]
pub struct Work {
    /// The right to do it.
    pub claim: Claim,
    /// Ingest: `{brief, left_ms}` (milliseconds to the deadline, negative when it is past, null without one); render:
    /// `{brief, request, left_ms}`; postprocess: `{brief, request, render}`; profile: the version with its references, and
    /// the test if it is about one.
    pub input: Value,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in.
    Committed,
    /// The attempt had lost its lease, or the job was cancelled: nothing was changed.
    Fenced,
}

/// What to do about an attempt that went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Machine-readable, for example `invalid_input`, `worker_lost`.
    pub reason: String,
    /// For a person.
    pub detail: String,
    /// Repeat after this long; `None` gives up.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Whether the fault lies in a photograph that was sent, or the brief would rather have nothing: the job says so itself,
    /// and there is nothing for people to mend or to repeat.
    pub fn is_of_input(&self) -> bool {
        self.retry_after.is_none() && ["invalid_reference", "doubtful_subject"].contains(&self.reason.as_str())
    }
}

/// What the reaper found: leases of workers that died or hung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaped {
    /// The claim that expired.
    pub claim: Claim,
    /// Whether it was given up for good.
    pub buried: bool,
}

/// Failures from which on work is suspected of killing its workers.
const SUSPICIOUS: i32 = 2;

impl Claim {
    /// The job that the work belongs to; `None` at `profile`.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        Some(self.job_id).filter(|job| !job.uuid().is_nil())
    }

    /// Whether this work lost so many attempts that it may be what kills its workers. It is then taken in hand without
    /// having begun, and must not begin beside anything else; see [`crate::Store::begin_work`].
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.failures >= SUSPICIOUS
    }
}

#[derive(FromRow)]
struct ClaimRow {
    subject_id: Uuid,
    job_id: Option<Uuid>,
    tenant_id: Uuid,
    tenant: String,
    lane: String,
    attempt: i32,
    failures: i32,
}

impl ClaimRow {
    fn into_claim(self, stage: Stage) -> Claim {
        Claim {
            stage,
            subject_id: self.subject_id,
            job_id: JobId(self.job_id.unwrap_or_default()),
            tenant_id: TenantId(self.tenant_id),
            tenant: self.tenant,
            lane: self.lane.parse().unwrap_or_default(),
            attempt: self.attempt,
            failures: self.failures,
        }
    }
}
