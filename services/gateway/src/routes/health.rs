use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: 200 when jobs can be taken in, otherwise 503. The broker does not count: without it jobs are taken
/// in and wait.
pub(crate) async fn healthz(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    let database = matches!(tokio::time::timeout(PATIENCE, state.store.ping()).await, Ok(Ok(())));
    let word = |good| if good { "ok" } else { "unavailable" };
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"status": word(database), "database": word(database)})))
}
