//! Jobs that are given up.

use crate::events;
use crate::{Store, StoreError};
use cavendish_domain::{JobId, JobState, TenantId};
use cavendish_messages::EventType;
use sqlx::PgConnection;

impl Store {
    /// Gives a job up: nothing that is not yet committed will be. A settled job stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's job.
    pub async fn cancel(&self, tenant: TenantId, job: JobId) -> Result<JobState, StoreError> {
        let mut tx = self.begin().await?;
        // Claims come before jobs in the order of locks; once more after, for those a commit has just made.
        if sqlx::query_scalar::<_, bool>("SELECT true FROM jobs WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(job.uuid())
            .fetch_optional(&mut *tx)
            .await?
            .is_none()
        {
            return Err(StoreError::NotFound("job"));
        }
        cancel_claims(&mut tx, job).await?;
        let sql = "UPDATE jobs j SET state = 'cancelled', settled_at = now() FROM tenants t
                   WHERE j.id = $1 AND t.id = j.tenant_id AND j.state IN ('queued', 'planning', 'held', 'rendering', 'finishing')
                   RETURNING t.slug";
        let slug: Option<String> = sqlx::query_scalar(sql).bind(job.uuid()).fetch_optional(&mut *tx).await?;
        if let Some(slug) = slug {
            cancel_claims(&mut tx, job).await?;
            let sql = "UPDATE shots SET state = 'cancelled' WHERE job_id = $1
                       AND state IN ('queued', 'rendering', 'rendered', 'finishing')";
            sqlx::query(sql).bind(job.uuid()).execute(&mut *tx).await?;
            let told = [(job, slug.as_str(), None)];
            events::tell_jobs(&mut tx, EventType::JobCancelled, JobState::Cancelled, &told).await?;
        }
        tx.commit().await?;
        self.job_state(tenant, job).await
    }
}

async fn cancel_claims(tx: &mut PgConnection, job: JobId) -> Result<(), StoreError> {
    let sql = "UPDATE claims SET state = 'cancelled', owner = NULL, lease_expires_at = NULL, ended_at = now()
               WHERE job_id = $1 AND state IN ('waiting', 'held')";
    sqlx::query(sql).bind(job.uuid()).execute(tx).await?;
    Ok(())
}
