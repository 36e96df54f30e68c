//! Subjects that have to look like themselves: scored, tried again, placed where drawing fails, never below in silence.

use crate::Scene;
use anyhow::Result;
use cavendish_blobs::BlobStore;
use cavendish_domain::{JobState, TenantId};
use cavendish_imaging::{Limits, decode};
use cavendish_store::{JobView, RenderRow};
use cavendish_tests::{brief, photo_of};
use serde_json::{Value, json};

/// Two boxes that the fake renderer, which draws flat colours, can never draw.
fn two_boxes(preserve: &str) -> Result<Value> {
    let boxed = |name: &str, colour| {
        let references = json!([{"data": photo_of(colour)?}]);
        anyhow::Ok(json!({"name": name, "preserve": preserve, "references": references}))
    };
    let mut wanted = brief("a red box and a blue box on linen");
    wanted["subjects"] = json!([boxed("red box", [220, 20, 30])?, boxed("blue box", [20, 40, 220])?]);
    wanted["min_consistency"] = json!(0.9);
    Ok(wanted)
}

fn render(view: &JobView) -> &RenderRow {
    &view.shots[0].render.as_ref().expect("it is rendered").0
}

fn methods(render: &RenderRow) -> Vec<&str> {
    let tries = render.report["consistency"]["tries"].as_array().expect("what was tried is told");
    tries.iter().filter_map(|tried| tried["method"].as_str()).collect()
}

/// The render's file, and the pixels of every finished file, whose metadata names its job.
async fn pictures(scene: &Scene, view: &JobView) -> Result<Vec<Vec<u8>>> {
    let get = async |key: &str| anyhow::Ok(scene.world.blobs.get(&serde_json::from_value(json!(key))?, 1 << 24).await?);
    let mut pictures = vec![get(&render(view).blob_key).await?.to_vec()];
    for asset in &view.assets {
        pictures.push(decode(&get(&asset.blob_key).await?, &Limits::default())?.to_rgb().into_raw());
    }
    Ok(pictures)
}

#[tokio::test]
async fn what_cannot_be_drawn_alike_is_placed_and_every_try_is_told() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let mut wanted = two_boxes("identity")?;
    wanted["deliverables"] = json!(["tiktok-square", "amazon-main"]);
    let (first, second) = (scene.request("a", &wanted).await, scene.request("b", &wanted).await);
    scene.wait_for(first, JobState::Completed).await;
    scene.wait_for(second, JobState::Completed).await;

    let view = scene.view(first).await?;
    let made = render(&view);
    assert_eq!(methods(made), ["draw", "draw", "draw", "compose_in_scene"], "{:#}", made.report);
    let told = &made.report["consistency"];
    assert!(made.consistency.is_some_and(|consistency| consistency >= 0.9), "{told:#}");
    assert_eq!((&told["tries"][0]["consistency"], &told["below"]), (&json!(0.0), &json!(false)));
    assert_eq!((&told["subjects"][0]["name"], &told["subjects"][1]["name"]), (&json!("red box"), &json!("blue box")));
    let seeds: Vec<_> = told["tries"].as_array().into_iter().flatten().map(|tried| tried["seed"].clone()).collect();
    assert!(seeds[0] == json!(7) && seeds[1] != seeds[0] && seeds[2] != seeds[1], "{seeds:?}");
    assert_eq!(view.assets.len(), 2);
    for asset in &view.assets {
        assert!(asset.consistency.is_some_and(|consistency| consistency >= 0.9) && !asset.below_consistency);
        assert_eq!(asset.report["consistency"]["tries"], told["tries"]);
    }
    let packshot = view.assets.iter().find(|asset| asset.spec == "amazon-main").expect("it is made");
    assert!(packshot.compliant, "both on white: {:#}", packshot.report);
    let again = scene.view(second).await?;
    assert!(pictures(&scene, &view).await? == pictures(&scene, &again).await?, "the same bytes again");
    Ok(())
}

#[tokio::test]
async fn nothing_below_the_threshold_goes_out_in_silence() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let mut only_drawn = two_boxes("identity")?;
    only_drawn["fallback"] = json!("none");
    let mut stern = only_drawn.clone();
    stern["on_inconsistent"] = json!("fail");
    let (flagged, failed) = (scene.request("flag", &only_drawn).await, scene.request("fail", &stern).await);
    scene.wait_for(flagged, JobState::Completed).await;
    scene.wait_for(failed, JobState::Failed).await;

    let view = scene.view(flagged).await?;
    assert_eq!(methods(render(&view)), ["draw", "draw", "draw"]);
    assert!(view.assets.iter().all(|asset| asset.below_consistency && asset.consistency == Some(0.0)));
    let history = scene.store.history(TenantId::DEFAULT, flagged, 0).await?;
    let completed = history.iter().find(|entry| entry.event == "job.completed").expect("it is told");
    assert_eq!(completed.data["assets"][0]["below_consistency"], true, "the event says so too");

    let error = scene.view(failed).await?.summary.error.unwrap_or_default();
    assert!(error.contains("consistency: 0.00 is below min_consistency 0.9 after 3 tries"), "{error}");
    assert!(scene.view(failed).await?.assets.is_empty());
    Ok(())
}

#[tokio::test]
async fn own_pixels_are_placed_in_a_drawn_scene_and_scored() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let job = scene.request("pixels", &two_boxes("pixels")?).await;
    scene.wait_for(job, JobState::Completed).await;
    let view = scene.view(job).await?;
    let made = render(&view);
    assert_eq!((methods(made), made.model.as_str()), (vec!["compose_in_scene"], "fake"));
    assert!(made.consistency.is_some_and(|consistency| consistency >= 0.9), "{:#}", made.report);
    assert_eq!(view.assets[0].report["layout"]["mode"], "composed-in-scene");
    Ok(())
}
