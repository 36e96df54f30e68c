//! Profiles as their owners see them.

use crate::{Store, StoreError};
use cavendish_domain::{ProfileRef, ProfileTestId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

/// Jobs that are shown with a profile, at most.
const MAX_JOBS: i64 = 100;
/// Versions that are shown with a profile, at most.
const MAX_SHOWN: i64 = 100;

/// A profile in a list.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct ProfileHead {
    /// Name.
    pub name: String,
    /// What it is of.
    pub kind: String,
    /// When it was first asked for.
    pub created_at: DateTime<Utc>,
    /// How many versions it has.
    pub versions: i64,
    /// The version that a job gets which names none.
    pub current: Option<i32>,
    /// Where the newest version stands.
    pub state: Option<String>,
    /// Number of the newest version.
    pub newest: Option<i32>,
    /// How many jobs used it.
    pub jobs: i64,
}

/// A version in a list.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct VersionHead {
    /// Id.
    pub id: Uuid,
    /// Number.
    pub version: i32,
    /// `requested`, `profiled`, `rejected` or `failed`.
    pub state: String,
    /// Why it was rejected or failed.
    pub error: Option<String>,
    /// References that are good.
    pub good: i64,
    /// References that are used with reservations.
    pub flagged: i64,
    /// References that are left out.
    pub rejected: i64,
    /// References in all.
    pub total: i64,
    /// Mean consistency of its references with each other.
    pub self_similarity: Option<f64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was made.
    pub settled_at: Option<DateTime<Utc>>,
}

/// Everything about one version.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct VersionView {
    /// The version in short.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub head: VersionHead,
    /// What made the embeddings.
    pub encoder: Option<String>,
    /// Colours with their shares.
    pub palette: Option<Value>,
    /// What else was told of the subject.
    pub attributes: Option<Value>,
    /// Self-similarity, counts and timings.
    pub report: Option<Value>,
}

/// A reference of a version.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct ProfileReferenceRow {
    /// Its place in the request.
    pub index: i32,
    /// Where the picture lies.
    pub source_key: String,
    /// Where the cut-out lies.
    pub cutout_key: Option<String>,
    /// Pixels of the picture.
    pub width: Option<i32>,
    /// Pixels of the picture.
    pub height: Option<i32>,
    /// How sure the cut-out is.
    pub confidence: Option<f32>,
    /// `good`, `flagged` or `rejected`.
    pub verdict: Option<String>,
    /// Why it is not worth more, as code and text.
    pub reasons: Value,
    /// What was measured.
    pub measures: Option<Value>,
}

/// A job that used a profile.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct UsedBy {
    /// The job.
    pub id: Uuid,
    /// Its brief's name.
    pub name: Option<String>,
    /// Where it stands.
    pub state: String,
    /// The version that it pinned.
    pub version: i32,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// Everything about a profile.
#[derive(Debug, Clone, Serialize)]
pub struct ProfileView {
    /// The profile in short.
    pub head: ProfileHead,
    /// Its versions, the newest first.
    pub versions: Vec<VersionHead>,
    /// The version that was asked for, or else the current or the newest one.
    pub shown: VersionView,
    /// The references of that version.
    pub references: Vec<ProfileReferenceRow>,
    /// The newest jobs that used the profile, whichever version.
    pub jobs: Vec<UsedBy>,
}

/// How a test stands.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct ProfileTestView {
    /// The test.
    pub id: Uuid,
    /// Name of the profile.
    pub name: String,
    /// The version that the picture is compared with.
    pub version: i32,
    /// `requested`, `tested` or `failed`.
    pub state: String,
    /// Consistency, cosine, nearest reference.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// Live profiles `p` of tenant $1.
const HEADS: &str = "SELECT p.name, p.kind, p.created_at, count(v.id) AS versions,
           max(v.version) FILTER (WHERE v.state = 'profiled') AS current, max(v.version) AS newest,
           (array_agg(v.state ORDER BY v.version DESC))[1] AS state,
           (SELECT count(DISTINCT s.job_id) FROM profile_versions u JOIN subjects s ON s.profile_version_id = u.id
            WHERE u.profile_id = p.id AND u.removed_at IS NULL) AS jobs
    FROM profiles p LEFT JOIN profile_versions v ON v.profile_id = p.id AND v.removed_at IS NULL
    WHERE p.tenant_id = $1 AND p.removed_at IS NULL";

/// Columns of a [`VersionHead`] from `v`.
const VERSION: &str = "v.id, v.version, v.state, v.error, v.created_at, v.settled_at,
    (v.report->'self_similarity'->>'mean')::double precision AS self_similarity,
    (SELECT count(*) FROM profile_references r WHERE r.version_id = v.id) AS total,
    (SELECT count(*) FROM profile_references r WHERE r.version_id = v.id AND r.verdict = 'good') AS good,
    (SELECT count(*) FROM profile_references r WHERE r.version_id = v.id AND r.verdict = 'flagged') AS flagged,
    (SELECT count(*) FROM profile_references r WHERE r.version_id = v.id AND r.verdict = 'rejected') AS rejected";

impl Store {
    /// The profiles of a tenant by name, at most `limit`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn profiles(&self, tenant: TenantId, limit: i64) -> Result<Vec<ProfileHead>, StoreError> {
        let sql = format!("{HEADS} GROUP BY p.id ORDER BY p.name LIMIT $2");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant.uuid()).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Everything about a profile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a profile or version that is not there, was removed, or is another tenant's.
    pub async fn profile(&self, tenant: TenantId, named: &ProfileRef) -> Result<ProfileView, StoreError> {
        let sql = format!("{HEADS} AND p.name = $2 GROUP BY p.id");
        let head: Option<ProfileHead> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(tenant.uuid())
            .bind(named.name.as_str())
            .fetch_optional(&self.pool)
            .await?;
        let head = head.ok_or(StoreError::NotFound("subject"))?;
        let wanted = named.version.map(u32::cast_signed).or(head.current).or(head.newest);
        let shown = self.version(tenant, &head.name, wanted).await?;
        let sql = "SELECT index, source_key, cutout_key, width, height, confidence, verdict, reasons, measures
                   FROM profile_references WHERE version_id = $1 ORDER BY index";
        let references = sqlx::query_as(sql).bind(shown.head.id).fetch_all(&self.pool).await?;
        let versions = self.versions(tenant, &head.name).await?;
        let jobs = self.users(tenant, &head.name).await?;
        Ok(ProfileView { head, versions, shown, references, jobs })
    }

    async fn version(&self, tenant: TenantId, name: &str, number: Option<i32>) -> Result<VersionView, StoreError> {
        let sql = format!(
            "SELECT {VERSION}, v.encoder, v.palette, v.attributes, v.report
             FROM profile_versions v JOIN profiles p ON p.id = v.profile_id
             WHERE v.tenant_id = $1 AND p.name = $2 AND v.version = $3 AND v.removed_at IS NULL"
        );
        let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant.uuid()).bind(name).bind(number);
        row.fetch_optional(&self.pool).await?.ok_or(StoreError::NotFound("version of the subject"))
    }

    async fn versions(&self, tenant: TenantId, name: &str) -> Result<Vec<VersionHead>, StoreError> {
        let sql = format!(
            "SELECT {VERSION} FROM profile_versions v JOIN profiles p ON p.id = v.profile_id
             WHERE v.tenant_id = $1 AND p.name = $2 AND v.removed_at IS NULL ORDER BY v.version DESC LIMIT $3"
        );
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant.uuid()).bind(name).bind(MAX_SHOWN);
        Ok(rows.fetch_all(&self.pool).await?)
    }

    async fn users(&self, tenant: TenantId, name: &str) -> Result<Vec<UsedBy>, StoreError> {
        // A job that was planned again has the same subject twice.
        let sql = "SELECT j.id, j.brief->>'name' AS name, j.state, max(v.version) AS version, j.created_at
                   FROM profiles p JOIN profile_versions v ON v.profile_id = p.id AND v.removed_at IS NULL
                   JOIN subjects s ON s.profile_version_id = v.id JOIN jobs j ON j.id = s.job_id
                   WHERE p.tenant_id = $1 AND p.name = $2 GROUP BY j.id ORDER BY j.created_at DESC LIMIT $3";
        Ok(sqlx::query_as(sql).bind(tenant.uuid()).bind(name).bind(MAX_JOBS).fetch_all(&self.pool).await?)
    }

    /// How a test stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's.
    pub async fn profile_test(&self, tenant: TenantId, test: ProfileTestId) -> Result<ProfileTestView, StoreError> {
        let sql = "SELECT x.id, p.name, v.version, x.state, x.result, x.error, x.created_at
                   FROM profile_tests x JOIN profile_versions v ON v.id = x.version_id
                   JOIN profiles p ON p.id = v.profile_id WHERE x.tenant_id = $1 AND x.id = $2";
        let row = sqlx::query_as(sql).bind(tenant.uuid()).bind(test.uuid()).fetch_optional(&self.pool).await?;
        row.ok_or(StoreError::NotFound("test"))
    }
}
