use super::subjects::named;
use super::submit::idempotency_key;
use crate::api::subjects::{NewSubject, NewTest, NewVersion, SubjectAccepted};
use crate::auth::Tenant;
use crate::error::ApiError;
use crate::state::AppState;
use crate::trace::TraceParent;
use crate::{subject_views, submission};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cavendish_domain::{
    InvalidBrief, ProfileKind, ProfileName, ProfileRef, ProfileStanding, ProfileTestId, ProfileVersionId, Reference,
    TenantId, check_references,
};
use cavendish_intake::IntakeError;
use cavendish_store::{NewProfile, NewProfileTest, RequestedAs};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// `POST /v1/subjects`: references become the first version of a subject.
pub(crate) async fn add(
    State(state): State<AppState>,
    tenant: Tenant,
    Extension(TraceParent(traceparent)): Extension<TraceParent>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let read = async {
        let (new, memory) = read::<NewSubject>(&state, &headers, body).await?;
        Ok(((new.name, Some(new.kind), new.references), memory))
    };
    take_in(&state, tenant, &headers, RequestedAs::New, traceparent, read).await
}

/// `POST /v1/subjects/{name}/versions`: references become the next version of a subject.
pub(crate) async fn add_version(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(name): Path<String>,
    Extension(TraceParent(traceparent)): Extension<TraceParent>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let name = named(&name)?.name;
    let latest = ProfileRef { name: name.clone(), version: None };
    if state.store.profile_standing(tenant.id, &latest).await? == ProfileStanding::Unknown {
        return Err(ApiError::NotFound("subject"));
    }
    let read = async {
        let (new, memory) = read::<NewVersion>(&state, &headers, body).await?;
        Ok(((name, None, new.references), memory))
    };
    take_in(&state, tenant, &headers, RequestedAs::NextVersion, traceparent, read).await
}

type Wanted = (ProfileName, Option<ProfileKind>, Vec<Reference>);

/// Stores references and the version that they are to become.
async fn take_in(
    state: &AppState,
    tenant: Tenant,
    headers: &HeaderMap,
    requested: RequestedAs,
    traceparent: String,
    read: impl Future<Output = Result<(Wanted, submission::Reserved), ApiError>>,
) -> Result<Response, ApiError> {
    let id = version_id(tenant.id, idempotency_key(headers)?.as_deref());
    let ((name, kind, references), memory) = read.await?;
    check_references(&references).map_err(ApiError::InvalidSubject)?;
    let keys = cavendish_intake::store_profile_references(state.blobs.as_ref(), tenant.id, id, &references);
    let keys = keys.await.map_err(refused)?;
    drop((references, memory));
    let (tenant_id, traceparent) = (tenant.id, Some(traceparent));
    let new = NewProfile { id, tenant_id, tenant: tenant.slug, name, kind, requested, references: keys, traceparent };
    let accepted = state.store.request_profile(&new).await?;
    if accepted.created {
        state.relay.poke();
        tracing::info!(subject = %new.name, version = accepted.version, tenant = new.tenant, "subject accepted");
    }
    let status_url = subject_views::url(state, &format!("{}@{}", new.name, accepted.version));
    let location = [(header::LOCATION, status_url.clone())];
    let (name, version, kind) = (new.name.to_string(), accepted.version, accepted.kind);
    let answer = SubjectAccepted { id: id.uuid(), name, kind, version, status_url };
    Ok((StatusCode::ACCEPTED, location, Json(answer)).into_response())
}

/// `POST /v1/subjects/{name}/test`: a picture is compared with a subject.
pub(crate) async fn test(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(name): Path<String>,
    Extension(TraceParent(traceparent)): Extension<TraceParent>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let named = named(&name)?;
    let id = test_id(tenant.id, idempotency_key(&headers)?.as_deref());
    let version = match state.store.profile_standing(tenant.id, &named).await? {
        ProfileStanding::Ready { version, .. } => version,
        ProfileStanding::Unknown | ProfileStanding::UnknownVersion => return Err(ApiError::NotFound("subject")),
        other => return Err(ApiError::Conflict(other.fault(&named).unwrap_or_default())),
    };
    let (NewTest { picture }, memory) = read(&state, &headers, body).await?;
    let key = cavendish_intake::store_test_picture(state.blobs.as_ref(), tenant.id, id, &picture);
    let key = key.await.map_err(refused)?;
    drop((picture, memory));
    let picture = serde_json::from_value(key.into()).map_err(|error| ApiError::Internal(error.into()))?;
    let profile = ProfileRef { name: named.name, version: Some(version) };
    let (tenant_id, traceparent) = (tenant.id, Some(traceparent));
    let new = NewProfileTest { id, tenant_id, tenant: tenant.slug, profile, picture, traceparent };
    state.store.request_profile_test(&new).await?;
    state.relay.poke();
    let status = subject_views::test(&state, state.store.profile_test(tenant_id, id).await?);
    let location = [(header::LOCATION, status.status_url.clone())];
    Ok((StatusCode::ACCEPTED, location, Json(status)).into_response())
}

/// Reads and parses a body that brings pictures.
async fn read<T: DeserializeOwned>(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<(T, submission::Reserved), ApiError> {
    let max = state.config.max_subject_bytes;
    let memory = submission::reserve(state, headers, max).await?;
    let body = submission::read_body(state, headers, body, max).await?;
    Ok((submission::parse(&body).map_err(ApiError::InvalidSubject)?, memory))
}

fn refused(error: IntakeError) -> ApiError {
    match error {
        IntakeError::Invalid(InvalidBrief { errors }) => ApiError::InvalidSubject(InvalidBrief { errors }),
        error => error.into(),
    }
}

/// A repeated request gets the same id before anything is stored, so its pictures fall on the same keys.
fn version_id(tenant: TenantId, idempotency_key: Option<&str>) -> ProfileVersionId {
    match idempotency_key {
        Some(key) => ProfileVersionId::of_event(&format!("cavendish/gateway/{tenant}"), key),
        None => ProfileVersionId::new(),
    }
}

fn test_id(tenant: TenantId, idempotency_key: Option<&str>) -> ProfileTestId {
    let of_key = |key: &str| ProfileVersionId::of_event(&format!("cavendish/gateway/{tenant}/tests"), key);
    ProfileTestId(idempotency_key.map_or_else(Uuid::now_v7, |key| of_key(key).uuid()))
}
