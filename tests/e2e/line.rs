//! What the line does on a good day.

use crate::Scene;
use anyhow::Result;
use cavendish_blobs::BlobStore;
use cavendish_domain::{JobState, TenantId};
use cavendish_tests::{brief, photo};
use serde_json::json;

#[tokio::test]
async fn a_producers_brief_becomes_assets_and_an_empty_line() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let mut wanted = brief("hamburger");
    wanted["variants"] = json!(2);
    wanted["subjects"] = json!([{"references": [{"data": photo()}]}]);
    wanted["deliverables"] = json!(["tiktok-square", "amazon-main"]);
    let job = scene.request("e1", &wanted).await;
    // The same event once more is the same job.
    scene.request("e1", &wanted).await;
    scene.wait_for(job, JobState::Completed).await;

    let view = scene.view(job).await?;
    assert_eq!(view.assets.len(), 4);
    for asset in &view.assets {
        let key = serde_json::from_value(json!(asset.blob_key))?;
        let blob = scene.world.blobs.get(&key, 1 << 24).await?;
        assert_eq!(blob.len() as i64, asset.bytes);
        assert!(asset.compliant, "{:#}", asset.report);
    }
    assert_eq!(scene.store.jobs(TenantId::DEFAULT, 10).await?.len(), 1);
    scene.wait_for_empty_outbox().await;
    assert!(scene.store.dead_letters(true, 10).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_model_draws_the_same_bytes_for_the_same_brief_and_seed() -> Result<()> {
    let mut scene = Scene::new().await?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let cache = std::env::var("CAVENDISH_CACHE").unwrap_or_else(|_| format!("{root}/.cache"));
    scene
        .fleet
        .settings
        .set("CAVENDISH_RENDERER__KIND", "engine")
        .set("CAVENDISH_RENDERER__MODEL_DIR", &format!("{root}/models/nano"))
        .set("CAVENDISH_RENDERER__VISION_DIR", &format!("{root}/models/vision"))
        .set("CAVENDISH_RENDERER__KNOWN_DIR", &format!("{root}/models/known"))
        .set("CAVENDISH_RENDERER__ENCODER_DIR", &format!("{cache}/models/minilm"));
    let _stages = scene.fleet.start_stages()?;
    let wanted = json!({
        "prompt": "hamburger on a sky blue background", "seed": 11, "variants": 2,
        "deliverables": ["tiktok-square", "google-merchant"],
    });
    let (first, second) = (scene.request("a", &wanted).await, scene.request("b", &wanted).await);
    scene.wait_for(first, JobState::Completed).await;
    scene.wait_for(second, JobState::Completed).await;
    let (first, second) = (scene.view(first).await?, scene.view(second).await?);
    let mut files = vec![];
    for view in [&first, &second] {
        for shot in &view.shots {
            let render = &shot.render.as_ref().expect("a completed job's shot has a render").0;
            // It is better shown a hamburger than told of one.
            assert_eq!(
                (render.model.as_str(), &render.report["recalled"]),
                ("nano-references-v3", &json!(["hamburger"]))
            );
            let key = serde_json::from_value(json!(render.blob_key))?;
            files.push(scene.world.blobs.get(&key, 1 << 24).await?);
        }
    }
    assert_eq!(files[0], files[2]);
    assert_eq!(files[1], files[3]);
    assert_ne!(files[0], files[1], "variants differ");
    assert!(first.assets.iter().all(|asset| asset.compliant), "{:#?}", first.assets);
    Ok(())
}

#[tokio::test]
async fn a_cancelled_job_makes_nothing_more() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.fleet.settings.set("CAVENDISH_RENDERER__FAKE_STEP_MS", "60000");
    let _stages = scene.fleet.start_stages()?;
    let job = scene.request("e1", &brief("slow")).await;
    scene.wait_for(job, JobState::Rendering).await;
    assert_eq!(scene.store.cancel(TenantId::DEFAULT, job).await?, JobState::Cancelled);
    let view = scene.view(job).await?;
    assert_eq!(view.shots[0].state, "cancelled");
    // The worker has let go of it when the next job is taken up by the one permit it has.
    assert_eq!(scene.told(job, "job.cancelled").await?, 1);
    assert!(view.assets.is_empty());
    scene.wait_for_empty_outbox().await;
    Ok(())
}
