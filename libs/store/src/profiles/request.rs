//! Profiles, versions and tests that are asked for.

use crate::events::{self, Hint};
use crate::transaction::Tx;
use crate::{Store, StoreError};
use cavendish_domain::{
    BlobKey, Lane, ProfileId, ProfileKind, ProfileName, ProfileRef, ProfileTestId, ProfileVersionId, TenantId,
};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// Profiles of one tenant, at most.
const MAX_PROFILES: i64 = 10_000;
/// Versions of one profile, at most.
const MAX_VERSIONS: i32 = 1_000;

/// Whether a request makes a profile or adds to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedAs {
    /// The name must be free.
    New,
    /// The name must be known.
    NextVersion,
    /// Either.
    Any,
}

/// References that are to become a version of a profile.
#[derive(Debug, Clone)]
pub struct NewProfile {
    /// Id chosen by the caller, so that blobs can be stored under it first; asking again with it changes nothing.
    pub id: ProfileVersionId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Slug of the owner.
    pub tenant: String,
    /// Name of the profile.
    pub name: ProfileName,
    /// What it is of; `None` for what the versions before are of, or a product.
    pub kind: Option<ProfileKind>,
    /// What the name must be.
    pub requested: RequestedAs,
    /// Where the references lie.
    pub references: Vec<String>,
    /// Trace to carry on.
    pub traceparent: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileAccepted {
    /// The version.
    pub id: ProfileVersionId,
    /// Its number.
    pub version: u32,
    /// What the profile is of.
    pub kind: ProfileKind,
    /// Whether this call made it.
    pub created: bool,
}

/// A picture to be compared with a profile.
#[derive(Debug, Clone)]
pub struct NewProfileTest {
    /// Id chosen by the caller, so that the picture can be stored under it first.
    pub id: ProfileTestId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Slug of the owner.
    pub tenant: String,
    /// The version, which is profiled.
    pub profile: ProfileRef,
    /// Where the picture lies.
    pub picture: BlobKey,
    /// Trace to carry on.
    pub traceparent: Option<String>,
}

#[derive(FromRow)]
struct Locked {
    id: Uuid,
    kind: String,
    removed: bool,
    inserted: bool,
}

impl Store {
    /// Stores a version of a profile with its claim and the event that calls `profile`. A known id answers with the
    /// version from before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a name that is taken, another kind, a full shelf, or an id that was used with other
    /// references; [`StoreError::NotFound`] for the next version of what is not there.
    pub async fn request_profile(&self, new: &NewProfile) -> Result<ProfileAccepted, StoreError> {
        let mut tx = self.begin().await?;
        if let Some(before) = requested_before(&mut tx, new).await? {
            return Ok(before);
        }
        let profile = lock_profile(&mut tx, new).await?;
        // Whoever sent the same request at the same time was first by now.
        if let Some(before) = requested_before(&mut tx, new).await? {
            return Ok(before);
        }
        let kind = settle_kind(&mut tx, new, &profile).await?;
        let version = insert_version(&mut tx, new, profile.id, kind).await?;
        claim(&mut tx, new.id.uuid(), new.tenant_id, Lane::Standard).await?;
        let hint = Hint::profile(new.id.uuid(), &new.tenant, Lane::Standard, new.traceparent.clone());
        events::send_hints(&mut tx, &[hint]).await?;
        tx.commit().await?;
        Ok(ProfileAccepted { id: new.id, version, kind, created: true })
    }

    /// Stores a test with its claim and event. A known id changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a version that is not there or not profiled.
    pub async fn request_profile_test(&self, new: &NewProfileTest) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO profile_tests (id, version_id, tenant_id, picture_key)
                   SELECT $1, v.id, v.tenant_id, $5 FROM profile_versions v JOIN profiles p ON p.id = v.profile_id
                   WHERE v.tenant_id = $2 AND p.name = $3 AND v.version = $4 AND v.state = 'profiled'
                     AND v.removed_at IS NULL
                   ON CONFLICT (id) DO NOTHING";
        let inserted = sqlx::query(sql)
            .bind(new.id.uuid())
            .bind(new.tenant_id.uuid())
            .bind(new.profile.name.as_str())
            .bind(new.profile.version.unwrap_or_default().cast_signed())
            .bind(new.picture.as_str())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if inserted == 0 {
            let sql = "SELECT true FROM profile_tests WHERE id = $1 AND tenant_id = $2";
            let known: Option<bool> =
                sqlx::query_scalar(sql).bind(new.id.uuid()).bind(new.tenant_id.uuid()).fetch_optional(&mut *tx).await?;
            return known.map(drop).ok_or(StoreError::NotFound("subject"));
        }
        claim(&mut tx, new.id.uuid(), new.tenant_id, Lane::Interactive).await?;
        let hint = Hint::profile(new.id.uuid(), &new.tenant, Lane::Interactive, new.traceparent.clone());
        events::send_hints(&mut tx, &[hint]).await?;
        tx.commit().await
    }

    /// Removes a profile: no new job can name it, what waits to be made is let go, and jobs that pinned a version keep
    /// it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's.
    pub async fn remove_profile(&self, tenant: TenantId, name: &ProfileName) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE profiles SET removed_at = now() WHERE tenant_id = $1 AND name = $2 AND removed_at IS NULL
                   RETURNING id";
        let id: Option<Uuid> =
            sqlx::query_scalar(sql).bind(tenant.uuid()).bind(name.as_str()).fetch_optional(&mut *tx).await?;
        let id = id.ok_or(StoreError::NotFound("subject"))?;
        let sql = "UPDATE claims SET state = 'cancelled', owner = NULL, lease_expires_at = NULL, ended_at = now()
                   WHERE stage = 'profile' AND state IN ('waiting', 'held') AND subject_id IN (
                       SELECT v.id FROM profile_versions v WHERE v.profile_id = $1
                       UNION ALL SELECT x.id FROM profile_tests x JOIN profile_versions v ON v.id = x.version_id
                       WHERE v.profile_id = $1)";
        sqlx::query(sql).bind(id).execute(&mut *tx).await?;
        let sql = "UPDATE profile_versions SET removed_at = now() WHERE profile_id = $1 AND removed_at IS NULL";
        sqlx::query(sql).bind(id).execute(&mut *tx).await?;
        tx.commit().await
    }
}

/// The version of an earlier sending of the same request.
async fn requested_before(tx: &mut PgConnection, new: &NewProfile) -> Result<Option<ProfileAccepted>, StoreError> {
    let sql = "SELECT p.name, v.version, v.kind,
                      array(SELECT source_key FROM profile_references WHERE version_id = v.id ORDER BY index)
               FROM profile_versions v JOIN profiles p ON p.id = v.profile_id WHERE v.id = $1 AND v.tenant_id = $2";
    let row: Option<(String, i32, String, Vec<String>)> =
        sqlx::query_as(sql).bind(new.id.uuid()).bind(new.tenant_id.uuid()).fetch_optional(tx).await?;
    let Some((name, version, kind, references)) = row else { return Ok(None) };
    let kind: ProfileKind = kind.parse().unwrap_or_default();
    if name != new.name.as_str() || references != new.references || new.kind.is_some_and(|wanted| wanted != kind) {
        return Err(StoreError::Conflict("the idempotency key was used with another subject".into()));
    }
    Ok(Some(ProfileAccepted { id: new.id, version: version.cast_unsigned(), kind, created: false }))
}

/// The profile's row, made if need be and locked: one version is added at a time.
async fn lock_profile(tx: &mut PgConnection, new: &NewProfile) -> Result<Locked, StoreError> {
    let sql = "INSERT INTO profiles (id, tenant_id, name, kind) VALUES ($1, $2, $3, $4)
               ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name
               RETURNING id, kind, removed_at IS NOT NULL AS removed, id = $1 AS inserted";
    Ok(sqlx::query_as(sql)
        .bind(ProfileId::new().uuid())
        .bind(new.tenant_id.uuid())
        .bind(new.name.as_str())
        .bind(new.kind.unwrap_or_default().as_str())
        .fetch_one(tx)
        .await?)
}

/// Checks the name and the kind against what is there; a removed name comes back.
async fn settle_kind(tx: &mut PgConnection, new: &NewProfile, profile: &Locked) -> Result<ProfileKind, StoreError> {
    let live = !profile.inserted && !profile.removed;
    match (new.requested, live) {
        (RequestedAs::New, true) => {
            return Err(StoreError::Conflict(format!("there is a subject `{}` already", new.name)));
        }
        (RequestedAs::NextVersion, false) => return Err(StoreError::NotFound("subject")),
        _ => {}
    }
    if live {
        let kind: ProfileKind = profile.kind.parse().unwrap_or_default();
        return match new.kind.filter(|wanted| *wanted != kind) {
            Some(wanted) => Err(StoreError::Conflict(format!("`{}` is a {kind}, not a {wanted}", new.name))),
            None => Ok(kind),
        };
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM profiles WHERE tenant_id = $1 AND removed_at IS NULL")
        .bind(new.tenant_id.uuid())
        .fetch_one(&mut *tx)
        .await?;
    if count > MAX_PROFILES {
        return Err(StoreError::Conflict(format!("there are {MAX_PROFILES} subjects already, which is the limit")));
    }
    let kind = new.kind.unwrap_or_default();
    let sql = "UPDATE profiles SET kind = $2, removed_at = NULL, created_at = now() WHERE id = $1";
    sqlx::query(sql).bind(profile.id).bind(kind.as_str()).execute(tx).await?;
    Ok(kind)
}

async fn insert_version(tx: &mut Tx, new: &NewProfile, profile: Uuid, kind: ProfileKind) -> Result<u32, StoreError> {
    let sql = "INSERT INTO profile_versions (id, profile_id, tenant_id, kind, traceparent, version)
               SELECT $1, $2, $3, $4, $5, 1 + coalesce(max(version), 0) FROM profile_versions WHERE profile_id = $2
               RETURNING version";
    let version: i32 = sqlx::query_scalar(sql)
        .bind(new.id.uuid())
        .bind(profile)
        .bind(new.tenant_id.uuid())
        .bind(kind.as_str())
        .bind(&new.traceparent)
        .fetch_one(&mut **tx)
        .await?;
    if version > MAX_VERSIONS {
        return Err(StoreError::Conflict(format!("`{}` has {MAX_VERSIONS} versions, which is the limit", new.name)));
    }
    let sql = "INSERT INTO profile_references (version_id, index, source_key)
               SELECT $1, ordinality - 1, key FROM unnest($2::text[]) WITH ORDINALITY AS r(key, ordinality)";
    sqlx::query(sql).bind(new.id.uuid()).bind(&new.references).execute(&mut **tx).await?;
    Ok(version.cast_unsigned())
}

async fn claim(tx: &mut PgConnection, id: Uuid, tenant: TenantId, lane: Lane) -> Result<(), StoreError> {
    let sql = "INSERT INTO claims (stage, subject_id, tenant_id, lane) VALUES ('profile', $1, $2, $3)";
    sqlx::query(sql).bind(id).bind(tenant.uuid()).bind(lane.as_str()).execute(tx).await?;
    Ok(())
}
