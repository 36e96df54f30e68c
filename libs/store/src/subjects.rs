use crate::{Claim, StoreError};
use cavendish_domain::{BlobKey, ProfileVersionId, SubjectId};
use sqlx::PgConnection;

/// A subject of a job: cut out by ingest of its brief's references, or a profile's version.
#[derive(Debug, Clone)]
pub struct NewSubject {
    /// Its place in the brief.
    pub index: usize,
    /// What people call it.
    pub name: Option<String>,
    /// The profile's version that it is; its references are there and not here.
    pub profile: Option<ProfileVersionId>,
    /// Its references, in the order of the brief.
    pub references: Vec<NewReference>,
}

/// A reference that was decoded and, for the first, cut out.
#[derive(Debug, Clone)]
pub struct NewReference {
    /// The file as it came in.
    pub source_key: String,
    /// The cut-out, PNG with alpha.
    pub cutout_key: Option<BlobKey>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// How sure the cut-out is, 0..=1.
    pub confidence: f32,
    /// Why it is unsure.
    pub uncertain: Option<String>,
}

/// Stores a subject with its references. Planning a job again (after a replay) adds a version.
pub(crate) async fn insert(tx: &mut PgConnection, claim: &Claim, subject: &NewSubject) -> Result<(), StoreError> {
    let id = SubjectId::new();
    let sql = "INSERT INTO subjects (id, tenant_id, job_id, index, name, profile_version_id, version)
               SELECT $1, $2, $3, $4, $5, $6, 1 + coalesce(max(version), 0) FROM subjects WHERE job_id = $3 AND index = $4";
    sqlx::query(sql)
        .bind(id.uuid())
        .bind(claim.tenant_id.uuid())
        .bind(claim.job_id.uuid())
        .bind(subject.index as i32)
        .bind(&subject.name)
        .bind(subject.profile.map(ProfileVersionId::uuid))
        .execute(&mut *tx)
        .await?;
    for (index, reference) in subject.references.iter().enumerate() {
        let sql = "INSERT INTO subject_references
                       (subject_id, index, source_key, cutout_key, width, height, confidence, uncertain)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(sql)
            .bind(id.uuid())
            .bind(index as i32)
            .bind(&reference.source_key)
            .bind(reference.cutout_key.as_ref().map(BlobKey::as_str))
            .bind(reference.width as i32)
            .bind(reference.height as i32)
            .bind(reference.confidence)
            .bind(&reference.uncertain)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
