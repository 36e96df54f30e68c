//! Tenants and their keys. Only hashes of keys are stored; making and hashing keys is the gateway's business.

use crate::{Store, StoreError};
use cavendish_domain::TenantId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant the key belongs to.
    pub tenant_id: TenantId,
    /// Its slug.
    pub tenant: String,
}

/// A key in a list.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct ApiKey {
    /// Id, for revoking.
    pub id: Uuid,
    /// Slug of the tenant.
    pub tenant: String,
    /// What people call it.
    pub name: String,
    /// The start of the key, to recognise it by.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The tenant with this slug.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn tenant(&self, slug: &str) -> Result<TenantId, StoreError> {
        let id: Option<Uuid> =
            sqlx::query_scalar("SELECT id FROM tenants WHERE slug = $1").bind(slug).fetch_optional(&self.pool).await?;
        id.map(TenantId).ok_or(StoreError::NotFound("tenant"))
    }

    /// Makes a tenant, or answers with the one of that slug.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a slug that is not of lower-case letters, digits and `-`.
    pub async fn create_tenant(&self, slug: &str, name: &str) -> Result<TenantId, StoreError> {
        let sql = "INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $3) ON CONFLICT (slug) DO NOTHING";
        sqlx::query(sql).bind(TenantId::new().uuid()).bind(slug).bind(name).execute(&self.pool).await?;
        self.tenant(slug).await
    }

    /// Stores a key's hash.
    ///
    /// # Errors
    /// As the database says.
    pub async fn add_key(&self, tenant: TenantId, name: &str, prefix: &str, hash: &[u8]) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        let sql = "INSERT INTO api_keys (id, tenant_id, name, prefix, key_hash) VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(sql).bind(id).bind(tenant.uuid()).bind(name).bind(prefix).bind(hash).execute(&self.pool).await?;
        Ok(id)
    }

    /// Whose key has this hash; `None` for unknown and revoked keys alike.
    ///
    /// # Errors
    /// As the database says.
    pub async fn caller(&self, hash: &[u8]) -> Result<Option<Caller>, StoreError> {
        let sql = "SELECT t.id, t.slug FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
                   WHERE k.key_hash = $1 AND k.revoked_at IS NULL";
        let row: Option<(Uuid, String)> = sqlx::query_as(sql).bind(hash).fetch_optional(&self.pool).await?;
        Ok(row.map(|(id, tenant)| Caller { tenant_id: TenantId(id), tenant }))
    }

    /// All keys, newest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = "SELECT k.id, t.slug AS tenant, k.name, k.prefix, k.created_at, k.revoked_at
                   FROM api_keys k JOIN tenants t ON t.id = k.tenant_id ORDER BY k.created_at DESC";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }

    /// Ends a key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn revoke_key(&self, id: Uuid) -> Result<(), StoreError> {
        let sql = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1";
        match sqlx::query(sql).bind(id).execute(&self.pool).await?.rows_affected() {
            0 => Err(StoreError::NotFound("key")),
            _ => Ok(()),
        }
    }
}
