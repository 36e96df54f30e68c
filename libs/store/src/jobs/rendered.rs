//! Renders of earlier jobs, to be finished anew.

use super::RenderRow;
use crate::{Store, StoreError};
use cavendish_domain::{InvalidBrief, JobId, ShotRequest, TenantId};
use sqlx::FromRow;
use sqlx::types::Json;

/// A shot of an earlier job, with the render that can be finished anew.
#[derive(Debug, Clone)]
pub struct RenderedShot {
    /// What it asked for.
    pub request: ShotRequest,
    /// What came of it.
    pub render: RenderRow,
}

impl Store {
    /// The shots of a job with their renders, in order, to be finished anew.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], a fault of `renders_of`, for another tenant's job and for one whose renders are not all there,
    /// or no longer.
    pub async fn rendered_shots(&self, tenant: TenantId, job: JobId) -> Result<Vec<RenderedShot>, StoreError> {
        let fault = |reason: String| StoreError::Invalid(InvalidBrief::one("renders_of", reason));
        self.job_state(tenant, job).await.map_err(|error| match error {
            StoreError::NotFound(_) => fault("is no job of yours".into()),
            other => other,
        })?;
        let sql = "SELECT s.request, to_jsonb(r) AS render
                   FROM shots s LEFT JOIN renders r ON r.shot_id = s.id AND r.deleted_at IS NULL
                   WHERE s.job_id = $1 ORDER BY s.index";
        #[derive(FromRow)]
        struct Row {
            request: Json<ShotRequest>,
            render: Option<Json<RenderRow>>,
        }
        let rows: Vec<Row> = sqlx::query_as(sql).bind(job.uuid()).fetch_all(&self.pool).await?;
        let count = rows.len();
        let whole = |row: Row| Some(RenderedShot { request: row.request.0, render: row.render?.0 });
        let shots: Vec<RenderedShot> = rows.into_iter().filter_map(whole).collect();
        if shots.is_empty() || shots.len() < count {
            return Err(fault(format!("{} of the {count} renders of {job} are there", shots.len())));
        }
        Ok(shots)
    }
}
