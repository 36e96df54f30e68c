use crate::{JobId, ProfileTestId, ProfileVersionId, ShotId, TenantId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a blob lies. Keys are functions of what the blob is, so a repeated attempt never overwrites and two
/// attempts never collide; the constructors below are the only makers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobKey(String);

impl BlobKey {
    /// A reference image as it came in, the `index`-th of the job.
    #[must_use]
    pub fn input(tenant: TenantId, job: JobId, index: usize) -> Self {
        Self(format!("{tenant}/jobs/{job}/inputs/{index}"))
    }

    /// The cut-out of a subject's `reference`, made by the `attempt`-th planning of a job.
    #[must_use]
    pub fn cutout(tenant: TenantId, job: JobId, attempt: i32, subject: usize, reference: usize) -> Self {
        Self(format!("{tenant}/jobs/{job}/subjects/{subject}/cutout-{attempt}-{reference}.png"))
    }

    /// The scene that one attempt at a shot drew for its subjects to be placed in.
    #[must_use]
    pub fn scene(tenant: TenantId, job: JobId, shot: ShotId, attempt: i32) -> Self {
        Self(format!("{tenant}/jobs/{job}/shots/{shot}/scene-{attempt}.png"))
    }

    /// The raw image of one attempt at a shot.
    #[must_use]
    pub fn render(tenant: TenantId, job: JobId, shot: ShotId, attempt: i32) -> Self {
        Self(format!("{tenant}/jobs/{job}/shots/{shot}/render-{attempt}.png"))
    }

    /// The raw image of one attempt at a shot, drawn on beyond its edges.
    #[must_use]
    pub fn outpainted(tenant: TenantId, job: JobId, shot: ShotId, attempt: i32) -> Self {
        Self(format!("{tenant}/jobs/{job}/shots/{shot}/outpainted-{attempt}.png"))
    }

    /// A finished file: `deliverable` is its place in the brief, `extension` without the dot.
    #[must_use]
    pub fn asset(
        tenant: TenantId,
        job: JobId,
        shot: ShotId,
        attempt: i32,
        deliverable: usize,
        spec: &str,
        extension: &str,
    ) -> Self {
        Self(format!("{tenant}/jobs/{job}/shots/{shot}/assets-{attempt}/{deliverable:02}-{spec}.{extension}"))
    }

    /// A reference of a profile's version as it came in.
    #[must_use]
    pub fn profile_reference(tenant: TenantId, version: ProfileVersionId, index: usize) -> Self {
        Self(format!("{tenant}/profiles/{version}/references/{index}"))
    }

    /// What one attempt at a profile's version cut out of a reference.
    #[must_use]
    pub fn profile_cutout(tenant: TenantId, version: ProfileVersionId, attempt: i32, index: usize) -> Self {
        Self(format!("{tenant}/profiles/{version}/cutouts-{attempt}/{index}.png"))
    }

    /// A picture that is compared with a profile.
    #[must_use]
    pub fn profile_test(tenant: TenantId, test: ProfileTestId) -> Self {
        Self(format!("{tenant}/profiles/tests/{test}"))
    }

    /// What a model makes of references, kept for later images; `digest` (hexadecimal) names the owner, the pictures, their
    /// sizes and the model. Nobody's job: it is never handed out.
    #[must_use]
    pub fn kept_references(digest: &str) -> Self {
        Self(format!("kept/references/{digest}.safetensors"))
    }

    /// A file of a campaign under the name that its plan gives it, for networks and shops to fetch. The one kind of key that
    /// says nothing of what it holds: whoever writes it frees it first.
    #[must_use]
    pub fn published(campaign: &str, name: &str) -> Self {
        Self(format!("published/{campaign}/{name}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the blob belongs to `tenant`.
    #[must_use]
    pub fn belongs_to(&self, tenant: TenantId) -> bool {
        self.0.strip_prefix(&tenant.to_string()).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_and_deliverables_never_share_a_key() {
        let (tenant, job, shot) = (TenantId::DEFAULT, JobId::new(), ShotId::new());
        let key = |attempt, deliverable| BlobKey::asset(tenant, job, shot, attempt, deliverable, "x-square", "png");
        assert_ne!(key(1, 0), key(2, 0));
        assert_ne!(key(1, 0), key(1, 1));
        assert!(key(1, 0).belongs_to(tenant));
        assert!(!key(1, 0).belongs_to(TenantId::new()));
        assert!(!BlobKey::kept_references("00").belongs_to(tenant));
    }
}
