use super::list::ListQuery;
use crate::api::subjects::{SubjectList, SubjectStatus, TestStatus};
use crate::auth::Tenant;
use crate::error::ApiError;
use crate::state::AppState;
use crate::subject_views;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use cavendish_domain::{ProfileName, ProfileRef, ProfileTestId};

/// Subjects in a list, at most.
const MAX_LIST: i64 = 1_000;

/// `GET /v1/subjects?limit=100`: by name.
pub(crate) async fn list(
    State(state): State<AppState>,
    tenant: Tenant,
    Query(query): Query<ListQuery>,
) -> Result<Json<SubjectList>, ApiError> {
    let rows = state.store.profiles(tenant.id, query.limit(100, MAX_LIST)?).await?;
    Ok(Json(SubjectList { subjects: rows.into_iter().map(|row| subject_views::head(&state, row)).collect() }))
}

/// `GET /v1/subjects/{name}` or `{name}@{version}`: everything about a subject.
pub(crate) async fn show(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(name): Path<String>,
) -> Result<Json<SubjectStatus>, ApiError> {
    Ok(Json(subject_views::status(&state, tenant.id, &named(&name)?).await?))
}

/// `DELETE /v1/subjects/{name}`: no new job can use it; jobs that pinned a version keep it.
pub(crate) async fn remove(
    State(state): State<AppState>,
    tenant: Tenant,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let name: ProfileName = name.parse().map_err(|_| ApiError::NotFound("subject"))?;
    state.store.remove_profile(tenant.id, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/subjects/{name}/tests/{id}`: how a test stands.
pub(crate) async fn test(
    State(state): State<AppState>,
    tenant: Tenant,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<TestStatus>, ApiError> {
    let (name, id) = (named(&name)?, id.parse().map(ProfileTestId).map_err(|_| ApiError::NotFound("test"))?);
    let view = state.store.profile_test(tenant.id, id).await?;
    if view.name != name.name.as_str() {
        return Err(ApiError::NotFound("test"));
    }
    Ok(Json(subject_views::test(&state, view)))
}

/// The subject of a path. What is no name at all answers as a name that does not exist.
pub(super) fn named(text: &str) -> Result<ProfileRef, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("subject"))
}
