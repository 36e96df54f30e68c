use crate::error::ApiError;
use crate::keys::Key;
use crate::state::AppState;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use cavendish_domain::TenantId;

/// Who is calling, from `Authorization: Bearer cav_…` or `x-api-key`.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) slug: String,
}

impl FromRequestParts<AppState> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let text = credential(&parts.headers)?;
        // Unknown, revoked and mistyped keys answer alike.
        let refused = ApiError::Unauthorized("the API key is not valid");
        let Ok(key) = Key::parse(text) else { return Err(refused) };
        let caller = state.store.caller(&key.hash()).await?.ok_or(refused)?;
        Ok(Self { id: caller.tenant_id, slug: caller.tenant })
    }
}

/// None without a key; a key that is not valid is refused here as anywhere.
impl OptionalFromRequestParts<AppState> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, ApiError> {
        let brought = parts.headers.contains_key(header::AUTHORIZATION) || parts.headers.contains_key("x-api-key");
        if !brought {
            return Ok(None);
        }
        <Self as FromRequestParts<AppState>>::from_request_parts(parts, state).await.map(Some)
    }
}

fn credential(headers: &HeaderMap) -> Result<&str, ApiError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(rest)
    });
    let plain = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    bearer.or(plain).ok_or(ApiError::Unauthorized("an API key is needed: `Authorization: Bearer cav_…` or `x-api-key`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_headers_are_read_and_the_scheme_is_not_case_sensitive() {
        let headers = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            headers
        };
        assert_eq!(credential(&headers("authorization", "bearer K")).unwrap(), "K");
        assert_eq!(credential(&headers("x-api-key", "K")).unwrap(), "K");
        assert!(credential(&headers("authorization", "Basic K")).is_err());
        assert!(credential(&HeaderMap::new()).is_err());
    }
}
