//! Profiles: versions, claims without a job, failures and who sees what.

use crate::{LEASE, World};
use anyhow::Result;
use cavendish_domain::{OwnerId, ProfileKind, ProfileRef, ProfileStanding, ProfileVersionId, Stage, TenantId, Verdict};
use cavendish_store::{
    Claim, Failure, NewProfile, Outcome, ProfileCommit, ProfileOutcome, ProfiledReference, ProfiledVersion,
    RequestedAs, StoreError,
};
use serde_json::json;
use std::time::Duration;

fn new(name: &str, requested: RequestedAs) -> NewProfile {
    NewProfile {
        id: ProfileVersionId::new(),
        tenant_id: TenantId::DEFAULT,
        tenant: "default".into(),
        name: name.parse().unwrap(),
        kind: None,
        requested,
        references: vec!["a".into(), "b".into()],
        traceparent: None,
    }
}

fn commit(claim: Claim) -> ProfileCommit {
    let reference = |index, verdict| ProfiledReference {
        index,
        cutout: None,
        size: Some([8, 8]),
        confidence: Some(0.9),
        verdict,
        reasons: vec![],
        measures: json!({}),
        embedding: (verdict != Verdict::Rejected).then(|| vec![0.6, 0.8]),
    };
    let made = ProfiledVersion {
        encoder: "test".into(),
        palette: json!([]),
        attributes: json!({}),
        report: json!({}),
        references: vec![reference(0, Verdict::Flagged), reference(1, Verdict::Good)],
    };
    ProfileCommit { claim, outcome: ProfileOutcome::Version(made) }
}

fn named(text: &str) -> ProfileRef {
    text.parse().unwrap()
}

#[tokio::test]
async fn versions_count_on_and_the_newest_that_is_profiled_is_the_one_that_counts() -> Result<()> {
    let World { store, .. } = &World::new().await?;
    let missing = store.request_profile(&new("cup", RequestedAs::NextVersion)).await;
    assert!(matches!(missing, Err(StoreError::NotFound("subject"))), "{missing:?}");
    let first = store.request_profile(&new("cup", RequestedAs::New)).await?;
    let second = store.request_profile(&new("cup", RequestedAs::Any)).await?;
    assert_eq!((first.version, second.version, second.kind), (1, 2, ProfileKind::Product));
    let works = store.acquire(Stage::Profile, &[first.id.uuid()], OwnerId::new(), LEASE).await?;
    let claim = works[0].claim.clone();
    assert_eq!((claim.job(), works[0].input["references"][1]["source_key"].as_str()), (None, Some("b")));
    assert_eq!(store.commit_profiles(&[commit(claim.clone())]).await?, [Outcome::Committed]);
    assert_eq!(store.commit_profiles(&[commit(claim)]).await?, [Outcome::Fenced], "once is enough");
    let standing = async |name| store.profile_standing(TenantId::DEFAULT, &named(name)).await.unwrap();
    let ready = ProfileStanding::Ready { version: 1, kind: ProfileKind::Product };
    assert_eq!(standing("cup").await, ready);
    assert_eq!(standing("cup@2").await, ProfileStanding::Requested);
    assert_eq!(standing("cup@3").await, ProfileStanding::UnknownVersion);
    assert_eq!(standing("mug").await, ProfileStanding::Unknown);
    let pinned = store.pinned_profile(TenantId::DEFAULT, &named("cup@1")).await?;
    let sources: Vec<_> = pinned.references.iter().map(|reference| reference.source.as_str()).collect();
    assert_eq!((sources, pinned.references[0].embedding.clone()), (vec!["b", "a"], vec![0.6, 0.8]), "the good first");
    let stranger = store.create_tenant("stranger", "Stranger").await?;
    assert_eq!(store.profile_standing(stranger, &named("cup")).await?, ProfileStanding::Unknown);
    assert!(store.pinned_profile(stranger, &named("cup@1")).await.is_err());
    Ok(())
}

#[tokio::test]
async fn what_fails_too_often_is_a_dead_letter_and_comes_back_by_replay() -> Result<()> {
    let World { store, .. } = &World::new().await?;
    let version = store.request_profile(&new("cup", RequestedAs::New)).await?;
    let claim = async || -> Result<Claim> {
        let mut works = store.acquire(Stage::Profile, &[version.id.uuid()], OwnerId::new(), LEASE).await?;
        Ok(works.pop().expect("the work waits").claim)
    };
    let failure = |retry_after| Failure { reason: "x".into(), detail: "y".into(), retry_after };
    assert_eq!(store.fail(&claim().await?, &failure(Some(Duration::ZERO))).await?, Outcome::Committed);
    assert_eq!(store.fail(&claim().await?, &failure(None)).await?, Outcome::Committed);
    let view = store.profile(TenantId::DEFAULT, &named("cup")).await?;
    assert_eq!((view.shown.head.state.as_str(), view.shown.head.error.as_deref()), ("failed", Some("profile: y")));
    let letter = store.dead_letters(false, 10).await?.remove(0);
    assert_eq!((letter.stage.as_str(), letter.job_id), ("profile", None));
    store.replay(letter.id).await?;
    assert_eq!(store.release(&claim().await?).await?, Outcome::Committed);
    let last = store.acquire(Stage::Profile, &[version.id.uuid()], OwnerId::new(), Duration::ZERO).await?;
    assert_eq!((last.len(), store.reap(Stage::Profile, 5).await?.len()), (1, 1), "a dead worker's work is found");
    let claim = claim().await?;
    store.remove_profile(TenantId::DEFAULT, &named("cup").name).await?;
    assert_eq!(store.commit_profiles(&[commit(claim)]).await?, [Outcome::Fenced], "removed meanwhile");
    let gone = store.profile(TenantId::DEFAULT, &named("cup")).await;
    assert!(matches!(gone, Err(StoreError::NotFound("subject"))));
    Ok(())
}
