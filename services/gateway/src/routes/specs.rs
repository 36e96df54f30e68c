use crate::error::ApiError;
use axum::Json;
use axum::extract::Path;
use cavendish_specs::{Catalogue, Spec};
use serde::Serialize;

/// Answer of `GET /v1/specs`.
#[derive(Serialize)]
pub(crate) struct SpecList {
    specs: Vec<&'static Spec>,
}

/// `GET /v1/specs`: what files can be asked for. No key is needed.
pub(crate) async fn list() -> Json<SpecList> {
    Json(SpecList { specs: Catalogue::builtin().iter().collect() })
}

/// `GET /v1/specs/{id}`.
pub(crate) async fn show(Path(id): Path<String>) -> Result<Json<&'static Spec>, ApiError> {
    Catalogue::builtin().get(&id).map(Json).map_err(|_| ApiError::NotFound("spec"))
}
