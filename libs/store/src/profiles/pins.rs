//! Profiles as jobs see them: which version a name stands for, and what a pinned version has to give.

use crate::{Store, StoreError};
use cavendish_domain::{BlobKey, ProfileKind, ProfileRef, ProfileStanding, ProfileVersionId, TenantId, Verdict};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

/// A profiled version, removed meanwhile or not, with the references that can be used.
#[derive(Debug, Clone)]
pub struct PinnedProfile {
    /// The version.
    pub id: ProfileVersionId,
    /// What it is of.
    pub kind: ProfileKind,
    /// What made the embeddings; they compare with its own only.
    pub encoder: String,
    /// Colours with their shares.
    pub palette: Value,
    /// What else was told of it.
    pub attributes: Value,
    /// The good references first, each group in the order in which they came.
    pub references: Vec<PinnedReference>,
}

/// A reference of a pinned version.
#[derive(Debug, Clone)]
pub struct PinnedReference {
    /// The picture as it came in.
    pub source: String,
    /// The subject cut out of it, cropped to itself; `None` for a style.
    pub cutout: Option<BlobKey>,
    /// How sure the cut-out is, 0..=1.
    pub confidence: f32,
    /// What is doubtful about it, for a person.
    pub doubts: Vec<String>,
    /// Whether anything is.
    pub verdict: Verdict,
    /// Where the subject lies among others.
    pub embedding: Vec<f32>,
}

#[derive(FromRow)]
struct ReferenceRow {
    source_key: String,
    cutout_key: Option<String>,
    confidence: Option<f32>,
    good: bool,
    doubts: Vec<String>,
    embedding: Option<Vec<f32>>,
}

impl ReferenceRow {
    fn into_pinned(self) -> PinnedReference {
        PinnedReference {
            source: self.source_key,
            cutout: self.cutout_key.and_then(|key| serde_json::from_value(Value::from(key)).ok()),
            confidence: self.confidence.unwrap_or(1.0),
            doubts: self.doubts,
            verdict: if self.good { Verdict::Good } else { Verdict::Flagged },
            embedding: self.embedding.unwrap_or_default(),
        }
    }
}

impl Store {
    /// How a profile stands that a brief names: without a version, the newest that is profiled counts.
    ///
    /// # Errors
    /// As the database says.
    pub async fn profile_standing(&self, tenant: TenantId, named: &ProfileRef) -> Result<ProfileStanding, StoreError> {
        let sql = "SELECT v.version, v.kind, v.state FROM profiles p
                   LEFT JOIN profile_versions v ON v.profile_id = p.id AND v.removed_at IS NULL
                        AND ($3::int IS NULL OR v.version = $3)
                   WHERE p.tenant_id = $1 AND p.name = $2 AND p.removed_at IS NULL
                   ORDER BY v.state = 'profiled' DESC NULLS LAST, v.version DESC LIMIT 1";
        type Row = (Option<i32>, Option<String>, Option<String>);
        let row: Option<Row> = sqlx::query_as(sql)
            .bind(tenant.uuid())
            .bind(named.name.as_str())
            .bind(named.version.map(u32::cast_signed))
            .fetch_optional(&self.pool)
            .await?;
        let Some((version, kind, state)) = row else { return Ok(ProfileStanding::Unknown) };
        let (Some(version), Some(kind)) = (version, kind) else { return Ok(ProfileStanding::UnknownVersion) };
        Ok(match state.as_deref() {
            Some("profiled") => {
                ProfileStanding::Ready { version: version.cast_unsigned(), kind: kind.parse().unwrap_or_default() }
            }
            Some("rejected") => ProfileStanding::Rejected,
            Some("failed") => ProfileStanding::Failed,
            _ => ProfileStanding::Requested,
        })
    }

    /// What a pinned version has to give. It was profiled when it was pinned, and stays so when it is removed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also for another tenant's.
    pub async fn pinned_profile(&self, tenant: TenantId, pin: &ProfileRef) -> Result<PinnedProfile, StoreError> {
        let sql = "SELECT v.id, v.kind, v.encoder, v.palette, v.attributes
                   FROM profile_versions v JOIN profiles p ON p.id = v.profile_id
                   WHERE v.tenant_id = $1 AND p.name = $2 AND v.version = $3 AND v.state = 'profiled'";
        type Row = (Uuid, String, Option<String>, Option<Value>, Option<Value>);
        let row: Option<Row> = sqlx::query_as(sql)
            .bind(tenant.uuid())
            .bind(pin.name.as_str())
            .bind(pin.version.unwrap_or_default().cast_signed())
            .fetch_optional(&self.pool)
            .await?;
        let (id, kind, encoder, palette, attributes) = row.ok_or(StoreError::NotFound("subject"))?;
        let sql = "SELECT source_key, cutout_key, confidence, verdict = 'good' AS good, embedding,
                          array(SELECT reason->>'text' FROM jsonb_array_elements(reasons) AS reason) AS doubts
                   FROM profile_references WHERE version_id = $1 AND verdict IN ('good', 'flagged')
                   ORDER BY verdict = 'good' DESC, index";
        let rows: Vec<ReferenceRow> = sqlx::query_as(sql).bind(id).fetch_all(&self.pool).await?;
        Ok(PinnedProfile {
            id: ProfileVersionId(id),
            kind: kind.parse().unwrap_or_default(),
            encoder: encoder.unwrap_or_default(),
            palette: palette.unwrap_or_default(),
            attributes: attributes.unwrap_or_default(),
            references: rows.into_iter().map(ReferenceRow::into_pinned).collect(),
        })
    }
}
