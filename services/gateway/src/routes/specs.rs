use crate::auth::Tenant;
use crate::error::ApiError;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use cavendish_specs::{Catalogue, Spec};
use serde::Serialize;

/// Answer of `GET /v1/specs`.
#[derive(Serialize)]
pub(crate) struct SpecList {
    specs: Vec<Spec>,
}

/// `GET /v1/specs`: what files can be asked for. Without a key, what everyone can ask for.
pub(crate) async fn list(tenant: Option<Tenant>, State(state): State<AppState>) -> Json<SpecList> {
    Json(SpecList { specs: catalogue(&state, tenant.as_ref()).iter().cloned().collect() })
}

/// `GET /v1/specs/{id}`.
pub(crate) async fn show(
    State(state): State<AppState>,
    tenant: Option<Tenant>,
    Path(id): Path<String>,
) -> Result<Json<Spec>, ApiError> {
    let found = catalogue(&state, tenant.as_ref()).get(&id).cloned();
    found.map(Json).map_err(|_| ApiError::NotFound("spec"))
}

fn catalogue<'a>(state: &'a AppState, tenant: Option<&Tenant>) -> &'a Catalogue {
    tenant.map_or(state.known.specs.shared(), |tenant| state.known.specs.of(&tenant.slug))
}
