use crate::api::JobAccepted;
use crate::auth::Tenant;
use crate::error::ApiError;
use crate::state::AppState;
use crate::trace::TraceParent;
use crate::{submission, views};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cavendish_domain::{Brief, JobId, ProfileRef, TenantId};
use cavendish_store::{NewJob, StoreError};
use chrono::Utc;

/// Characters of an idempotency key, at most.
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// `POST /v1/jobs`: takes a brief in. The tenant is known before the first byte of the body is read.
pub(crate) async fn submit(
    State(state): State<AppState>,
    tenant: Tenant,
    Extension(TraceParent(traceparent)): Extension<TraceParent>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let idempotency_key = idempotency_key(&headers)?;
    let id = job_id(tenant.id, idempotency_key.as_deref());
    let brief = {
        let _memory = submission::reserve(&state, &headers, state.config.max_body_bytes).await?;
        let body = submission::read_body(&state, &headers, body, state.config.max_body_bytes).await?;
        let mut brief = submission::parse_brief(&body, &tenant.slug, &state.known)?;
        drop(body);
        hold_to_the_present(&state, &tenant, id, &mut brief).await?;
        cavendish_intake::store_references(state.blobs.as_ref(), tenant.id, id, &mut brief).await?;
        // 32 bits survive every JSON reader, doubles included.
        brief.seed.get_or_insert_with(|| u64::from(rand::random::<u32>()));
        brief
    };
    let (tenant_id, traceparent) = (tenant.id, Some(traceparent));
    let job = NewJob { id, tenant_id, tenant: tenant.slug, brief, idempotency_key, traceparent };
    let accepted = state.store.accept(&job).await?;
    if accepted.created {
        state.relay.poke();
        metrics::counter!("cavendish_jobs_accepted_total", "lane" => job.brief.lane.as_str()).increment(1);
        tracing::info!(job_id = %accepted.job_id, tenant = job.tenant, "job accepted");
    }
    answer(&state, tenant_id, accepted.job_id).await
}

/// Compares a brief with how things stand: whether its deadline can be met and renders are there to be finished anew, and
/// which versions of profiles it means. One that was accepted before is not refused after, and keeps the versions it has.
async fn hold_to_the_present(state: &AppState, tenant: &Tenant, id: JobId, brief: &mut Brief) -> Result<(), ApiError> {
    let named: Vec<ProfileRef> = cavendish_intake::named_profiles(brief).cloned().collect();
    if brief.deadline_ms.is_none() && brief.renders_of.is_none() && named.is_empty() {
        return Ok(());
    }
    match state.store.job_state(tenant.id, id).await {
        Ok(_) => return Ok(()),
        Err(StoreError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    if brief.deadline_ms.is_some() {
        let (outlook, backlog) = state.store.prospects().await?;
        let shape = cavendish_intake::shape(brief, state.known.specs.of(&tenant.slug));
        cavendish_intake::admission(brief, shape, &outlook, &backlog, Utc::now())
            .map_err(ApiError::DeadlineUnreachable)?;
    }
    if let Some(earlier) = brief.renders_of {
        state.store.rendered_shots(tenant.id, earlier).await?;
    }
    let mut standings = Vec::with_capacity(named.len());
    for profile in &named {
        standings.push(state.store.profile_standing(tenant.id, profile).await?);
    }
    Ok(cavendish_intake::pin_profiles(brief, &standings)?)
}

/// A repeated request gets the same id before anything is stored, so its photographs fall on the same keys.
fn job_id(tenant: TenantId, idempotency_key: Option<&str>) -> JobId {
    match idempotency_key {
        Some(key) => JobId::of_event(&format!("cavendish/gateway/{tenant}"), key),
        None => JobId::new(),
    }
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > MAX_IDEMPOTENCY_KEY {
        let reason = format!("must be 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters");
        return Err(ApiError::InvalidRequest { field: "idempotency-key", reason });
    }
    Ok(Some(text.to_owned()))
}

async fn answer(state: &AppState, tenant: TenantId, job: JobId) -> Result<Response, ApiError> {
    let status = state.store.job_state(tenant, job).await?;
    let queue_position = state.store.queue_position(job).await?;
    let links = views::links(state, job);
    let location = [(header::LOCATION, links.status_url.clone())];
    let accepted = JobAccepted { id: job.uuid(), status, queue_position, links };
    Ok((StatusCode::ACCEPTED, location, Json(accepted)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_names_one_job_per_tenant() {
        let (one, other) = (TenantId::DEFAULT, TenantId::new());
        assert_eq!(job_id(one, Some("k")), job_id(one, Some("k")));
        assert_ne!(job_id(one, Some("k")), job_id(other, Some("k")));
        assert_ne!(job_id(one, None), job_id(one, None));
    }
}
