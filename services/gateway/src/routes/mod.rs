//! The routes. A handler reads the request, asks the store, and answers; everything else is elsewhere.

mod health;
mod jobs;
mod list;
mod specs;
mod subject_requests;
mod subjects;
mod submit;

use crate::error::ApiError;
use crate::state::AppState;
use crate::trace;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use cavendish_domain::JobId;
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

/// How long an answer may take. Event streams answer at once and then go on.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// The whole API.
pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/v1/jobs", post(submit::submit).get(jobs::list))
        .route("/v1/jobs/{id}", get(jobs::status))
        .route("/v1/jobs/{id}/events", get(jobs::events))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v1/jobs/{id}/release", post(jobs::release))
        .route("/v1/jobs/{id}/assets", delete(jobs::delete_assets))
        .route("/v1/jobs/{id}/assets/{asset}", delete(jobs::delete_asset))
        .route("/v1/subjects", post(subject_requests::add).get(subjects::list))
        .route("/v1/subjects/{name}", get(subjects::show).delete(subjects::remove))
        .route("/v1/subjects/{name}/versions", post(subject_requests::add_version))
        .route("/v1/subjects/{name}/test", post(subject_requests::test))
        .route("/v1/subjects/{name}/tests/{id}", get(subjects::test))
        .route("/v1/specs", get(specs::list))
        .route("/v1/specs/{id}", get(specs::show))
        .route("/healthz", get(health::healthz))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(unknown_path)
        // Bodies are limited where they are read.
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        .layer(axum::middleware::from_fn(trace::observe))
        .with_state(state)
}

async fn unknown_path(uri: Uri) -> Response {
    tracing::debug!(path = uri.path(), "no such path");
    ApiError::NotFound("path").into_response()
}

async fn method_not_allowed() -> Response {
    ApiError::MethodNotAllowed.into_response()
}

/// The job of a path. What is no id at all answers as an id that does not exist.
fn job_id(text: &str) -> Result<JobId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("job"))
}
