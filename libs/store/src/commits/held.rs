//! Jobs that wait for their owner to look before anything is drawn.

use super::{Bound, PlanCommit, hand_on};
use crate::transaction::Tx;
use crate::{Store, StoreError, events};
use cavendish_domain::{JobId, JobState, ShotId, Stage, TenantId};
use cavendish_messages::EventType;
use uuid::Uuid;

impl Store {
    /// Lets a held job go on. One that is not held stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's job.
    pub async fn release_job(&self, tenant: TenantId, job: JobId) -> Result<JobState, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE jobs j SET state = 'rendering', error = NULL FROM tenants t
                   WHERE j.id = $1 AND j.tenant_id = $2 AND t.id = j.tenant_id AND j.state = 'held'
                   RETURNING t.slug, j.lane";
        let released: Option<(String, String)> =
            sqlx::query_as(sql).bind(job.uuid()).bind(tenant.uuid()).fetch_optional(&mut *tx).await?;
        if let Some((slug, lane)) = released {
            let lane = lane.parse().map_err(StoreError::Conflict)?;
            let sql = "SELECT id FROM shots WHERE job_id = $1 AND state = 'queued' ORDER BY index";
            let shots: Vec<Uuid> = sqlx::query_scalar(sql).bind(job.uuid()).fetch_all(&mut *tx).await?;
            let bound = |id| Bound { job, tenant, lane, shot: ShotId(id), traceparent: None };
            hand_on(&mut tx, Stage::Render, shots.into_iter().map(bound).collect()).await?;
            let told = [(job, slug.as_str(), None)];
            events::tell_jobs(&mut tx, EventType::JobReleased, JobState::Rendering, &told).await?;
        }
        tx.commit().await?;
        self.job_state(tenant, job).await
    }
}

/// Tells of jobs that are held from now on.
pub(super) async fn tell(tx: &mut Tx, plans: &[&PlanCommit]) -> Result<(), StoreError> {
    let told: Vec<_> =
        plans.iter().map(|plan| (plan.claim.job_id, plan.claim.tenant.as_str(), plan.held.clone())).collect();
    events::tell_jobs(tx, EventType::JobHeld, JobState::Held, &told).await
}
