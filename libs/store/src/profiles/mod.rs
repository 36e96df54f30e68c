//! Subject profiles: requested, made in versions, pinned by jobs, removed. Every query is scoped by tenant.

mod commit;
mod pins;
mod request;
mod views;

pub use commit::{ProfileCommit, ProfileOutcome, ProfiledReference, ProfiledVersion};
pub use pins::{PinnedProfile, PinnedReference};
pub use request::{NewProfile, NewProfileTest, ProfileAccepted, RequestedAs};
pub use views::{ProfileHead, ProfileReferenceRow, ProfileTestView, ProfileView, UsedBy, VersionHead, VersionView};

pub(crate) use commit::{fail, revive};

/// What a claim at `profile` is joined with: a test's version, or the version itself.
pub(crate) const WORK_TABLES: &str = "LEFT JOIN profile_tests x ON x.id = got.subject_id
     JOIN profile_versions v ON v.id = coalesce(x.version_id, got.subject_id)
     JOIN profiles p ON p.id = v.profile_id";

/// What the claim hands over.
pub(crate) const WORK_INPUT: &str = "jsonb_build_object('name', p.name, 'version', v.version, 'kind', v.kind,
     'encoder', v.encoder, 'picture', x.picture_key, 'references', coalesce((
         SELECT jsonb_agg(jsonb_build_object('index', r.index, 'source_key', r.source_key, 'cutout_key', r.cutout_key,
                                             'verdict', r.verdict, 'embedding', r.embedding) ORDER BY r.index)
         FROM profile_references r WHERE r.version_id = v.id), '[]'))";
