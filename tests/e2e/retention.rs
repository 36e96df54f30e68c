//! Renders that are finished anew, and files that are kept no longer.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use cavendish_blobs::BlobStore;
use cavendish_domain::{AssetId, BlobKey, JobId, JobState, TenantId};
use cavendish_store::Retention;
use cavendish_testkit::wait_until;
use cavendish_tests::{Service, brief, photo};
use serde_json::json;
use std::time::Duration;

impl Scene {
    /// A finished job with a subject that is placed in a scene, in two variants.
    async fn finished(&self) -> JobId {
        let mut wanted = brief("on a table");
        wanted["subjects"] = json!([{"references": [{"data": photo()}]}]);
        wanted["variants"] = json!(2);
        let job = self.request("first", &wanted).await;
        self.wait_for(job, JobState::Completed).await;
        job
    }

    async fn is_there(&self, key: &str) -> bool {
        let key: BlobKey = serde_json::from_value(json!(key)).expect("a key");
        self.world.blobs.head(&key).await.expect("the store answers").is_some()
    }

    async fn wait_until_refused(&self, why: &str) {
        wait_until("the brief to be refused", PATIENCE, async || {
            let letters = self.store.dead_letters(true, 10).await.unwrap_or_default();
            letters.iter().any(|letter| letter.detail.contains(why))
        })
        .await;
    }

    async fn wait_until_gone(&self, key: &str) {
        wait_until(&format!("{key} to be deleted"), PATIENCE, async || !self.is_there(key).await).await;
    }
}

#[tokio::test]
async fn a_render_is_finished_anew_for_other_places_and_nothing_is_drawn() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let first = scene.finished().await;
    let again = json!({"renders_of": first, "deliverables": ["meta-story", "tiktok-square"]});
    let second = scene.request("second", &again).await;
    scene.wait_for(second, JobState::Completed).await;

    let (before, after) = (scene.view(first).await?, scene.view(second).await?);
    assert_eq!(after.assets.len(), 4, "two renders for two places");
    assert!(after.assets.iter().all(|asset| asset.compliant), "{:#?}", after.assets);
    for (old, new) in before.shots.iter().zip(&after.shots) {
        let key = |shot: &cavendish_store::ShotView| shot.render.as_ref().map(|render| render.0.blob_key.clone());
        assert_eq!(key(old), key(new));
    }
    assert_eq!((scene.told(first, "shot.rendered").await?, scene.told(second, "shot.rendered").await?), (2, 0));
    // The same place from the same render is the same file.
    let bytes = |view: &cavendish_store::JobView| {
        let square = view.assets.iter().find(|asset| asset.spec == "tiktok-square" && asset.variant == 1);
        square.map(|asset| asset.bytes)
    };
    assert_eq!(bytes(&before), bytes(&after));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_finished_anew_is_refused_with_the_reason() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    scene.request("unknown", &json!({"renders_of": JobId::new(), "deliverables": ["meta-story"]})).await;
    scene.wait_until_refused("renders_of: is no job of yours").await;
    let first = scene.finished().await;
    let expired = scene.store.expire(Retention { renders: Some(Duration::ZERO), assets: None }).await?;
    assert_eq!((expired.renders, expired.assets), (2, 0));
    let again = json!({"renders_of": first, "deliverables": ["meta-story"]});
    scene.request("gone", &again).await;
    scene.wait_until_refused("renders_of: 0 of the 2 renders").await;
    Ok(())
}

#[tokio::test]
async fn deleted_files_leave_the_bucket_and_the_job_says_so() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.fleet.settings.set("CAVENDISH_RETENTION__SWEEP_SECONDS", "0.2");
    let _stages = scene.fleet.start_stages()?;
    let job = scene.finished().await;
    let view = scene.view(job).await?;
    let one = [AssetId(view.assets[0].id)];
    assert_eq!(scene.store.delete_assets(TenantId::DEFAULT, job, Some(&one)).await?, 1);
    assert_eq!(scene.store.delete_assets(TenantId::DEFAULT, job, Some(&one)).await?, 0, "it is gone already");
    assert!(scene.store.delete_assets(TenantId::new(), job, None).await.is_err(), "another tenant's job");
    scene.wait_until_gone(&view.assets[0].blob_key).await;
    assert!(scene.is_there(&view.assets[1].blob_key).await);
    let kept: Vec<bool> = scene.view(job).await?.assets.iter().map(|asset| asset.deleted_at.is_none()).collect();
    assert_eq!(kept, [false, true]);
    assert_eq!(scene.told(job, "asset.deleted").await?, 1);
    // Its render stays, and so does the way to finish it anew.
    assert_eq!(scene.store.rendered_shots(TenantId::DEFAULT, job).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn what_was_kept_for_long_enough_goes_but_no_render_that_a_later_job_shares() -> Result<()> {
    let scene = Scene::new().await?;
    let mut stages = scene.fleet.start_stages()?;
    let first = scene.finished().await;
    let view = scene.view(first).await?;
    let render = view.shots[0].render.as_ref().expect("it is completed").0.blob_key.clone();
    assert!(scene.is_there(&render).await);
    // A later job is planned and not yet finished: nobody postprocesses.
    stages.retain_mut(|stage| stage.service != Service::Postprocess || stage.kill().is_err());
    let second = scene.request("second", &json!({"renders_of": first, "deliverables": ["meta-story"]})).await;
    scene.wait_for(second, JobState::Finishing).await;
    let now = Some(Duration::ZERO);
    let expired = scene.store.expire(Retention { renders: now, assets: now }).await?;
    assert_eq!((expired.renders, expired.assets), (2, 2), "those of the settled job");
    let doomed = scene.store.doomed_blobs(100).await?;
    let doomed: Vec<&str> = doomed.iter().map(BlobKey::as_str).collect();
    assert!(doomed.contains(&view.assets[0].blob_key.as_str()), "{doomed:?}");
    assert!(!doomed.contains(&render.as_str()), "the later job needs it: {doomed:?}");

    stages.push(scene.fleet.start(Service::Postprocess)?);
    scene.wait_for(second, JobState::Completed).await;
    scene.store.expire(Retention { renders: now, assets: None }).await?;
    let doomed = scene.store.doomed_blobs(100).await?;
    assert!(doomed.iter().any(|key| key.as_str() == render), "nobody needs it any more: {doomed:?}");
    // A sweep that died in the middle is taken up by the next service.
    stages.iter_mut().try_for_each(cavendish_tests::Process::kill)?;
    let _stages = scene.fleet.start_stages()?;
    scene.wait_until_gone(&render).await;
    wait_until("nothing to be doomed", PATIENCE, async || {
        scene.store.doomed_blobs(1).await.is_ok_and(|doomed| doomed.is_empty())
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn files_leave_by_themselves_when_the_configuration_says_so() -> Result<()> {
    let mut scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let job = scene.finished().await;
    let view = scene.view(job).await?;
    scene.fleet.settings.set("CAVENDISH_RETENTION__ASSETS_DAYS", "0").set("CAVENDISH_RETENTION__SWEEP_SECONDS", "0.2");
    let _sweeper = scene.fleet.start(Service::Postprocess)?;
    for asset in &view.assets {
        scene.wait_until_gone(&asset.blob_key).await;
    }
    assert_eq!(scene.store.rendered_shots(TenantId::DEFAULT, job).await?.len(), 2, "renders are kept for ever");
    Ok(())
}
