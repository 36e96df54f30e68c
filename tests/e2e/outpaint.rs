//! A scene that some deliverables show more of than was drawn.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use cavendish_blobs::BlobStore;
use cavendish_domain::{JobState, Made, Outpainted};
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Limits, decode};
use cavendish_store::{JobView, Retention};
use cavendish_testkit::wait_until;
use cavendish_tests::{Service, brief};
use serde_json::{Value, json};
use std::time::Duration;

async fn picture(scene: &Scene, key: &str) -> Result<RgbImage> {
    let bytes = scene.world.blobs.get(&serde_json::from_value(json!(key))?, 1 << 26).await?;
    Ok(decode(&bytes, &Limits::default())?.to_rgb())
}

fn outpainted(view: &JobView) -> Option<Outpainted> {
    match view.shots[0].render.as_ref()?.0.made.clone()? {
        Made::Draw { outpainted } => outpainted,
        Made::Compose { .. } => None,
    }
}

fn mode<'a>(view: &'a JobView, spec: &str) -> &'a Value {
    let asset = view.assets.iter().find(|asset| asset.spec == spec).expect("every deliverable is there");
    &asset.report["layout"]["mode"]
}

#[tokio::test]
async fn a_busy_scene_is_drawn_on_for_wide_shapes_kept_for_later_ones_and_goes_with_its_render() -> Result<()> {
    let scene = Scene::new().await?;
    let mut stages = vec![scene.fleet.start(Service::Render)?];
    wait_until("the renderer to be known", PATIENCE, async || {
        scene.store.outlook().await.is_ok_and(|outlook| outlook.renderers > 0)
    })
    .await;
    stages.push(scene.fleet.start(Service::Ingest)?);
    stages.push(scene.fleet.start(Service::Postprocess)?);
    let mut wanted = brief("a mug on checks");
    wanted["deliverables"] = json!(["linkedin-square", "ratio-4x1-512"]);
    let first = scene.request("first", &wanted).await;
    scene.wait_for(first, JobState::Completed).await;

    let view = scene.view(first).await?;
    let render = &view.shots[0].render.as_ref().expect("it is rendered").0;
    let told = &render.report["outpainted"];
    assert!(told["windows"] == told["needed"] && told["stopped"].is_null(), "{:#}", render.report);
    assert_eq!(
        (mode(&view, "linkedin-square"), mode(&view, "ratio-4x1-512")),
        (&json!("cropped"), &json!("outpainted"))
    );
    assert!(view.assets.iter().all(|asset| asset.compliant), "{:#?}", view.assets);

    // The render is in it as it was, but for a strip at the seam, and what is beyond its edges was drawn.
    let Outpainted { key, at: [x, y], drawn: parts } = outpainted(&view).expect("it was drawn on");
    let (wide, drawn) = (picture(&scene, key.as_str()).await?, picture(&scene, &render.blob_key).await?);
    let (width, height) = drawn.dimensions();
    assert!(x > 0 && y == 0 && wide.width() > x + width && wide.height() == height, "{:?}", wide.dimensions());
    assert_eq!(parts, [[0, 0, wide.width(), height]]);
    let seam = width / 32;
    for (px, py) in [(seam, 0), (width / 2, height / 2), (width - seam - 1, height - 1)] {
        assert_eq!(wide.get_pixel(x + px, y + py), drawn.get_pixel(px, py), "{px}, {py}");
    }
    let beyond: std::collections::BTreeSet<_> = (0..height).map(|y| wide.get_pixel(x / 2, y).0).collect();
    assert!(beyond.len() > 1, "checks, and no smear");

    // Another shape of the same render needs nothing drawn.
    let again = json!({"renders_of": first, "deliverables": ["ratio-21x9-512"]});
    let second = scene.request("second", &again).await;
    scene.wait_for(second, JobState::Completed).await;
    assert_eq!(mode(&scene.view(second).await?, "ratio-21x9-512"), "outpainted");

    scene.store.expire(Retention { renders: Some(Duration::ZERO), assets: None }).await?;
    let doomed = scene.store.doomed_blobs(100).await?;
    assert!(doomed.contains(&key) && doomed.iter().any(|key| key.as_str() == render.blob_key), "{doomed:?}");
    Ok(())
}
