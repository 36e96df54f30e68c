//! What becomes of a version or a test: committed with the event that tells of it, failed, or brought back.

use crate::claims::{Claim, Outcome};
use crate::commits::{outcomes, win};
use crate::transaction::Tx;
use crate::{Store, StoreError, events};
use cavendish_domain::{BlobKey, FieldError, ProfileTestId, ProfileVersionId, Reason, Stage, Verdict};
use cavendish_messages::{Envelope, EventType, SubjectEvent, SubjectRejected, SubjectTested};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// Work at `profile` is done.
#[derive(Debug, Clone)]
pub struct ProfileCommit {
    /// The profile claim.
    pub claim: Claim,
    /// What came of it.
    pub outcome: ProfileOutcome,
}

/// What came of work at `profile`.
#[derive(Debug, Clone)]
pub enum ProfileOutcome {
    /// References were looked at; with none that can be used the version is rejected.
    Version(ProfiledVersion),
    /// A picture was compared with a version.
    Test(Value),
}

/// A version whose references were looked at.
#[derive(Debug, Clone)]
pub struct ProfiledVersion {
    /// What made the embeddings.
    pub encoder: String,
    /// Colours with their shares.
    pub palette: Value,
    /// What else was told of the subject.
    pub attributes: Value,
    /// Self-similarity, counts and timings: shown to people.
    pub report: Value,
    /// Every reference, whatever it is worth.
    pub references: Vec<ProfiledReference>,
}

/// A reference that was looked at.
#[derive(Debug, Clone)]
pub struct ProfiledReference {
    /// Its place in the request.
    pub index: i32,
    /// The subject cut out of it.
    pub cutout: Option<BlobKey>,
    /// Pixels of the picture; `None` where it cannot be read.
    pub size: Option<[u32; 2]>,
    /// How sure the cut-out is, 0..=1.
    pub confidence: Option<f32>,
    /// What it is worth.
    pub verdict: Verdict,
    /// Why it is not worth more.
    pub reasons: Vec<Reason>,
    /// What was measured: free-form, shown to people.
    pub measures: Value,
    /// Where the subject lies among others.
    pub embedding: Option<Vec<f32>>,
}

impl ProfiledVersion {
    fn is_usable(&self) -> bool {
        self.references.iter().any(|reference| reference.verdict != Verdict::Rejected)
    }

    /// What is wrong with the references, as faults of fields.
    fn faults(&self) -> Vec<FieldError> {
        let of = |reference: &ProfiledReference| {
            let field = format!("references[{}]", reference.index);
            let fault = move |reason: &Reason| FieldError { field: field.clone(), reason: reason.text.clone() };
            reference.reasons.iter().map(fault).collect::<Vec<_>>()
        };
        self.references.iter().flat_map(of).collect()
    }
}

#[derive(FromRow)]
struct Named {
    name: String,
    version: i32,
    kind: String,
}

impl Store {
    /// Commits versions and tests. The answers are in the order of `commits`.
    ///
    /// # Errors
    /// As the database says; then nothing of the batch is in.
    pub async fn commit_profiles(&self, commits: &[ProfileCommit]) -> Result<Vec<Outcome>, StoreError> {
        let mut tx = self.begin().await?;
        let won = win(&mut tx, Stage::Profile, commits.iter().map(|commit| &commit.claim)).await?;
        let mut told = Vec::new();
        for ProfileCommit { claim, outcome } in commits.iter().filter(|c| won.contains(&c.claim.subject_id)) {
            let (event, envelope) = match outcome {
                ProfileOutcome::Version(made) => commit_version(&mut tx, claim, made).await?,
                ProfileOutcome::Test(result) => commit_test(&mut tx, claim, result).await?,
            };
            told.push((claim.tenant.as_str(), event, envelope));
        }
        events::announce(&mut tx, &told).await?;
        tx.commit().await?;
        Ok(outcomes(commits.iter().map(|commit| &commit.claim), &won))
    }
}

async fn commit_version(
    tx: &mut PgConnection,
    claim: &Claim,
    made: &ProfiledVersion,
) -> Result<(EventType, Envelope), StoreError> {
    let usable = made.is_usable();
    let error = (!usable).then_some("none of the references can be used");
    let sql = "UPDATE profile_versions v SET state = $2, encoder = $3, palette = $4, attributes = $5, report = $6,
                      error = $7, settled_at = now()
               FROM profiles p WHERE v.id = $1 AND p.id = v.profile_id RETURNING p.name, v.version, v.kind";
    let named: Named = sqlx::query_as(sql)
        .bind(claim.subject_id)
        .bind(if usable { "profiled" } else { "rejected" })
        .bind(&made.encoder)
        .bind(&made.palette)
        .bind(&made.attributes)
        .bind(&made.report)
        .bind(error)
        .fetch_one(&mut *tx)
        .await?;
    for reference in &made.references {
        update_reference(tx, claim.subject_id, reference).await?;
    }
    let (id, version) = (claim.subject_id, named.version.cast_unsigned());
    if usable {
        let event = subject_event(claim, named, "profiled", None, made.faults());
        return Ok((EventType::SubjectProfiled, Envelope::new(EventType::SubjectProfiled, id, &event)));
    }
    let rejected = SubjectRejected {
        id: Some(ProfileVersionId(id)),
        name: Some(named.name),
        version: Some(version),
        event_id: None,
        event_source: None,
        errors: made.faults(),
    };
    Ok((EventType::SubjectRejected, Envelope::new(EventType::SubjectRejected, id, &rejected)))
}

async fn update_reference(
    tx: &mut PgConnection,
    version: Uuid,
    reference: &ProfiledReference,
) -> Result<(), StoreError> {
    let sql = "UPDATE profile_references SET cutout_key = $3, width = $4, height = $5, confidence = $6, verdict = $7,
                      reasons = $8, measures = $9, embedding = $10
               WHERE version_id = $1 AND index = $2";
    let side = |at: usize| reference.size.map(|size| size[at].cast_signed());
    sqlx::query(sql)
        .bind(version)
        .bind(reference.index)
        .bind(reference.cutout.as_ref().map(BlobKey::as_str))
        .bind(side(0))
        .bind(side(1))
        .bind(reference.confidence)
        .bind(reference.verdict.as_str())
        .bind(Json(&reference.reasons))
        .bind(&reference.measures)
        .bind(&reference.embedding)
        .execute(tx)
        .await?;
    Ok(())
}

async fn commit_test(
    tx: &mut PgConnection,
    claim: &Claim,
    result: &Value,
) -> Result<(EventType, Envelope), StoreError> {
    let sql = "UPDATE profile_tests x SET state = 'tested', result = $2, error = NULL, settled_at = now()
               FROM profile_versions v JOIN profiles p ON p.id = v.profile_id
               WHERE x.id = $1 AND v.id = x.version_id RETURNING p.name, v.version, v.kind";
    let Named { name, version, .. } =
        sqlx::query_as(sql).bind(claim.subject_id).bind(result).fetch_one(&mut *tx).await?;
    let tested = SubjectTested {
        id: ProfileTestId(claim.subject_id),
        tenant: claim.tenant.clone(),
        name,
        version: version.cast_unsigned(),
        result: result.clone(),
    };
    Ok((EventType::SubjectTested, Envelope::new(EventType::SubjectTested, claim.subject_id, &tested)))
}

fn subject_event(
    claim: &Claim,
    named: Named,
    state: &str,
    error: Option<&str>,
    faults: Vec<FieldError>,
) -> SubjectEvent {
    SubjectEvent {
        id: claim.subject_id,
        tenant: claim.tenant.clone(),
        name: named.name,
        version: named.version.cast_unsigned(),
        kind: named.kind.parse().unwrap_or_default(),
        state: state.into(),
        error: error.map(Into::into),
        faults,
    }
}

/// The version or test of a claim that was given up.
pub(crate) async fn fail(tx: &mut Tx, claim: &Claim, error: &str) -> Result<(), StoreError> {
    let sql = "WITH version AS (
            UPDATE profile_versions SET state = 'failed', error = $2, settled_at = now()
            WHERE id = $1 AND state = 'requested' RETURNING id, id AS about
        ), test AS (
            UPDATE profile_tests SET state = 'failed', error = $2, settled_at = now()
            WHERE id = $1 AND state = 'requested' RETURNING id, version_id AS about
        )
        SELECT p.name, v.version, v.kind FROM (SELECT * FROM version UNION ALL SELECT * FROM test) AS given_up
        JOIN profile_versions v ON v.id = given_up.about JOIN profiles p ON p.id = v.profile_id";
    let named: Option<Named> = sqlx::query_as(sql).bind(claim.subject_id).bind(error).fetch_optional(&mut **tx).await?;
    let Some(named) = named else { return Ok(()) };
    let event = subject_event(claim, named, "failed", Some(error), vec![]);
    let envelope = Envelope::new(EventType::SubjectFailed, claim.subject_id, &event);
    events::announce(tx, &[(&claim.tenant, EventType::SubjectFailed, envelope)]).await
}

/// A version or test whose dead letter is replayed waits again.
pub(crate) async fn revive(tx: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    for table in ["profile_versions", "profile_tests"] {
        let sql = format!(
            "UPDATE {table} SET state = 'requested', error = NULL, settled_at = NULL WHERE id = $1 AND state = 'failed'"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).execute(&mut *tx).await?;
    }
    Ok(())
}
