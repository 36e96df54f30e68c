use super::job_id;
use super::list::ListQuery;
use crate::api::{AssetsGone, JobList, JobStatus};
use crate::auth::Tenant;
use crate::error::ApiError;
use crate::follow::Follower;
use crate::state::AppState;
use crate::views;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use cavendish_domain::AssetId;
use std::sync::Arc;
use std::time::Duration;

/// Jobs in a list, at most.
const MAX_LIST: i64 = 200;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /v1/jobs?limit=50`: the newest jobs.
pub(crate) async fn list(
    State(state): State<AppState>,
    tenant: Tenant,
    Query(query): Query<ListQuery>,
) -> Result<Json<JobList>, ApiError> {
    let rows = state.store.jobs(tenant.id, query.limit(50, MAX_LIST)?).await?;
    Ok(Json(JobList { jobs: rows.into_iter().map(|row| views::head(&state, row)).collect() }))
}

/// `GET /v1/jobs/{id}`: how a job stands, with its files.
pub(crate) async fn status(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(id): Path<String>,
) -> Result<Json<JobStatus>, ApiError> {
    Ok(Json(views::status(&state, tenant.id, job_id(&id)?).await?))
}

/// `POST /v1/jobs/{id}/cancel`: gives a job up; one that is settled stays as it is.
pub(crate) async fn cancel(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(id): Path<String>,
) -> Result<Json<JobStatus>, ApiError> {
    let job = job_id(&id)?;
    state.store.cancel(tenant.id, job).await?;
    state.relay.poke();
    Ok(Json(views::status(&state, tenant.id, job).await?))
}

/// `POST /v1/jobs/{id}/release`: lets a held job go on; one that is not held stays as it is.
pub(crate) async fn release(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(id): Path<String>,
) -> Result<Json<JobStatus>, ApiError> {
    let job = job_id(&id)?;
    state.store.release_job(tenant.id, job).await?;
    state.relay.poke();
    Ok(Json(views::status(&state, tenant.id, job).await?))
}

/// `DELETE /v1/jobs/{id}/assets`: deletes all its files. What is deleted stays in the job's account, without a URL.
pub(crate) async fn delete_assets(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(id): Path<String>,
) -> Result<Json<AssetsGone>, ApiError> {
    part_with(&state, tenant, &id, None).await
}

/// `DELETE /v1/jobs/{id}/assets/{asset}`: deletes one file.
pub(crate) async fn delete_asset(
    State(state): State<AppState>,
    tenant: Tenant,
    Path((id, asset)): Path<(String, String)>,
) -> Result<Json<AssetsGone>, ApiError> {
    let asset = asset.parse().map_err(|_| ApiError::NotFound("asset"))?;
    part_with(&state, tenant, &id, Some(&[asset])).await
}

async fn part_with(
    state: &AppState,
    tenant: Tenant,
    id: &str,
    wanted: Option<&[AssetId]>,
) -> Result<Json<AssetsGone>, ApiError> {
    let deleted = state.store.delete_assets(tenant.id, job_id(id)?, wanted).await?;
    state.relay.poke();
    Ok(Json(AssetsGone { deleted }))
}

/// `GET /v1/jobs/{id}/events`: the job's history and what comes after it, as server-sent events. With
/// `Last-Event-ID` it goes on from there; when nothing is left to come, the answer is 204, which tells a browser's
/// `EventSource` to stop.
pub(crate) async fn events(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let job = job_id(&id)?;
    let after = last_event_id(&headers)?;
    let standing = state.store.job_state(tenant.id, job).await?;
    if after > 0 && standing.is_settled() && state.store.history(tenant.id, job, after).await?.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let permit = Arc::clone(&state.streams).try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::Busy("too many event streams are open, try again shortly"))?;
    let follower = Follower::new(state, tenant, job, after, permit);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    Ok(Sse::new(follower.into_stream()).keep_alive(keep_alive).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<i64, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let seq = value.to_str().ok().and_then(|text| text.parse::<i64>().ok()).filter(|seq| *seq >= 0);
    seq.ok_or(ApiError::InvalidRequest { field: "last-event-id", reason: "is not an id of this stream".into() })
}
