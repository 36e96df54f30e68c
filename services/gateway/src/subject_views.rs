//! Subjects as clients see them.

use crate::api::subjects::{
    JobUse, ReferenceStatus, SubjectHead, SubjectStatus, TestStatus, VersionHead, VersionStatus,
};
use crate::error::ApiError;
use crate::state::AppState;
use crate::views::{links, presigned};
use cavendish_domain::{JobId, ProfileRef, TenantId};
use cavendish_store::{
    ProfileHead, ProfileReferenceRow, ProfileTestView, UsedBy, VersionHead as VersionRow, VersionView,
};
use serde_json::json;

/// Everything about a subject, with fresh download URLs.
pub(crate) async fn status(state: &AppState, tenant: TenantId, named: &ProfileRef) -> Result<SubjectStatus, ApiError> {
    let view = state.store.profile(tenant, named).await?;
    let mut pictures = Vec::with_capacity(view.references.len());
    for row in view.references {
        pictures.push(reference(state, row).await?);
    }
    Ok(SubjectStatus {
        head: head(state, view.head),
        profile: shown(view.shown, pictures),
        history: view.versions.into_iter().map(version).collect(),
        used_by: view.jobs.into_iter().map(|row| job_use(state, row)).collect(),
    })
}

/// A subject in short.
pub(crate) fn head(state: &AppState, row: ProfileHead) -> SubjectHead {
    SubjectHead {
        status_url: url(state, &row.name),
        name: row.name,
        kind: row.kind,
        status: row.state.unwrap_or_else(|| "requested".into()),
        versions: row.versions,
        current: row.current,
        jobs: row.jobs,
        created_at: row.created_at,
    }
}

/// How a test stands.
pub(crate) fn test(state: &AppState, row: ProfileTestView) -> TestStatus {
    TestStatus {
        status_url: url(state, &format!("{}@{}/tests/{}", row.name, row.version, row.id)),
        id: row.id,
        name: row.name,
        version: row.version,
        status: row.state,
        result: row.result,
        error: row.error,
        created_at: row.created_at,
    }
}

/// Where to go on from a subject, `name` or `name@version`.
pub(crate) fn url(state: &AppState, named: &str) -> String {
    let base = state.config.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    format!("{base}/v1/subjects/{named}")
}

fn shown(view: VersionView, pictures: Vec<ReferenceStatus>) -> VersionStatus {
    VersionStatus {
        head: version(view.head),
        encoder: view.encoder,
        palette: view.palette.unwrap_or_else(|| json!([])),
        attributes: view.attributes.unwrap_or_else(|| json!({})),
        report: view.report.unwrap_or_else(|| json!({})),
        pictures,
    }
}

fn version(row: VersionRow) -> VersionHead {
    VersionHead {
        version: row.version,
        status: row.state,
        error: row.error,
        references: row.total,
        good: row.good,
        flagged: row.flagged,
        rejected: row.rejected,
        self_similarity: row.self_similarity,
        created_at: row.created_at,
        settled_at: row.settled_at,
    }
}

async fn reference(state: &AppState, row: ProfileReferenceRow) -> Result<ReferenceStatus, ApiError> {
    let cutout_url = match &row.cutout_key {
        Some(key) => Some(presigned(state, key).await?),
        None => None,
    };
    Ok(ReferenceStatus {
        index: row.index,
        verdict: row.verdict,
        reasons: serde_json::from_value(row.reasons).unwrap_or_default(),
        measures: row.measures.unwrap_or_else(|| json!({})),
        width: row.width,
        height: row.height,
        confidence: row.confidence,
        url: presigned(state, &row.source_key).await?,
        key: row.source_key,
        cutout_url,
    })
}

fn job_use(state: &AppState, row: UsedBy) -> JobUse {
    JobUse {
        status_url: links(state, JobId(row.id)).status_url,
        id: row.id,
        name: row.name,
        status: row.state,
        version: row.version,
        created_at: row.created_at,
    }
}
