//! Subject profiles: made once from references, flaws and all, and used by any number of jobs.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_blobs::BlobStore;
use cavendish_domain::{BlobKey, JobState, ProfileRef, ProfileTestId, Stage, TenantId};
use cavendish_imaging::image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};
use cavendish_store::{NewProfileTest, ProfileView};
use cavendish_testkit::wait_until;
use cavendish_tests::Service;
use serde_json::{Value, json};
use std::io::Cursor;

/// A disc of one colour on white.
fn disc(side: u32, radius: f32, colour: [u8; 3]) -> RgbImage {
    let middle = side as f32 / 2.0;
    RgbImage::from_fn(side, side, |x, y| {
        let away = ((x as f32 - middle).powi(2) + (y as f32 - middle).powi(2)).sqrt();
        Rgb(if away < radius { colour } else { [252, 252, 252] })
    })
}

fn png(image: RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    DynamicImage::from(image).write_to(&mut bytes, ImageFormat::Png).expect("PNG is written");
    bytes.into_inner()
}

fn data(bytes: &[u8]) -> Value {
    json!({"data": STANDARD.encode(bytes)})
}

const RED: [u8; 3] = [205, 30, 35];
const BLUE: [u8; 3] = [40, 95, 200];

fn named(text: &str) -> ProfileRef {
    text.parse().expect("a name")
}

impl Scene {
    async fn profile(&self, name: &str, state: &str) -> Result<ProfileView> {
        wait_until(&format!("{name} to be {state}"), PATIENCE, async || {
            let view = self.store.profile(TenantId::DEFAULT, &named(name)).await;
            view.is_ok_and(|view| view.shown.head.state == state)
        })
        .await;
        Ok(self.store.profile(TenantId::DEFAULT, &named(name)).await?)
    }

    /// Compares a picture with a profile, and waits for the answer.
    async fn compare(&self, name: &str, picture: Vec<u8>) -> Result<Value> {
        let id = ProfileTestId::new();
        let key = BlobKey::profile_test(TenantId::DEFAULT, id);
        self.world.blobs.put_new(&key, picture.into(), "image/png").await?;
        let (tenant_id, tenant, profile) = (TenantId::DEFAULT, "default".into(), named(name));
        let new = NewProfileTest { id, tenant_id, tenant, profile, picture: key, traceparent: None };
        self.store.request_profile_test(&new).await?;
        wait_until("the test", PATIENCE, async || {
            let view = self.store.profile_test(TenantId::DEFAULT, id).await;
            view.is_ok_and(|view| view.state == "tested")
        })
        .await;
        Ok(self.store.profile_test(TenantId::DEFAULT, id).await?.result.unwrap_or_default())
    }
}

#[tokio::test]
async fn references_become_a_profile_that_jobs_use_until_it_is_removed() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let good = png(disc(600, 200.0, RED));
    let references = [
        data(&good),
        data(&png(imageops::blur(&disc(600, 190.0, RED), 14.0))),
        data(&png(disc(200, 20.0, RED))),
        data(&good),
        data(&good[..good.len() / 2]),
        data(&png(disc(300, 95.0, RED))),
    ];
    let wanted = json!({"name": "cup", "references": references});
    scene.producer().request_subject("s1", &wanted).await;
    scene.producer().request_subject("s1", &wanted).await;
    let view = scene.profile("cup@1", "profiled").await?;
    let told: Vec<(Option<&str>, Option<&str>)> =
        view.references.iter().map(|row| (row.verdict.as_deref(), row.reasons[0]["code"].as_str())).collect();
    let (rejected, flagged) = (Some("rejected"), Some("flagged"));
    let expected = [
        (Some("good"), None),
        (rejected, Some("blurred")),
        (rejected, Some("too_small")),
        (rejected, Some("duplicate")),
        (rejected, Some("unreadable")),
        (flagged, Some("too_small")),
    ];
    assert_eq!(told, expected, "{:#?}", view.references);
    assert_eq!(view.shown.palette.as_ref().map(|palette| palette[0]["name"].clone()), Some(json!("red")));
    assert!(view.shown.head.self_similarity.is_some_and(|mean| mean > 0.9), "{:?}", view.shown);
    assert_eq!(view.versions.len(), 1, "the same event twice is one version");

    let brief = json!({"deliverables": ["tiktok-square"], "seed": 7, "subjects": [{"profile": "cup"}]});
    let job = scene.request("j1", &brief).await;
    scene.wait_for(job, JobState::Completed).await;
    let made = scene.view(job).await?;
    assert_eq!(made.brief["subjects"][0]["profile"], "cup@1");
    assert!(made.assets.iter().all(|asset| asset.compliant), "{:#?}", made.assets);
    let subject = &made.shots[0].request["subjects"][0];
    let cutout = subject["cutouts"][0]["key"].as_str().unwrap_or_default();
    assert!(cutout.contains("/cutouts-1/0.png"), "the profile's own cut-out is placed: {subject}");
    assert_eq!(subject["embeddings"]["encoder"], "fake", "what is known of the profile goes along");
    let jobs = scene.store.profile(TenantId::DEFAULT, &named("cup")).await?.jobs;
    assert_eq!(jobs.iter().map(|used| (used.id, used.version)).collect::<Vec<_>>(), [(job.uuid(), 1)]);

    let same = scene.compare("cup@1", png(disc(500, 150.0, RED))).await?;
    assert_eq!(same["same"], json!(true), "{same:#}");
    let itself = scene.compare("cup@1", good.clone()).await?;
    assert!(itself["same"] == json!(true) && itself["nearest"] == json!(0), "{itself:#}");
    let other = scene.compare("cup@1", png(disc(500, 150.0, BLUE))).await?;
    assert!(other["same"] == json!(false), "{other:#}");

    scene.store.remove_profile(TenantId::DEFAULT, &named("cup").name).await?;
    scene.request("j2", &brief).await;
    wait_until("the brief to be refused", PATIENCE, async || {
        let letters = scene.store.dead_letters(false, 10).await.unwrap_or_default();
        letters.iter().any(|letter| letter.detail == "subjects[0].profile: `cup` is not a profile of yours")
    })
    .await;
    scene.wait_for_empty_outbox().await;
    Ok(())
}

#[tokio::test]
async fn a_profile_without_a_usable_reference_is_rejected_and_a_bad_request_refused() -> Result<()> {
    let scene = Scene::new().await?;
    let _render = scene.fleet.start(Service::Render)?;
    let tiny = json!({"name": "crumb", "references": [data(&png(disc(200, 20.0, RED)))]});
    scene.producer().request_subject("s1", &tiny).await;
    let view = scene.profile("crumb", "rejected").await?;
    assert_eq!(view.shown.head.error.as_deref(), Some("none of the references can be used"));
    assert_eq!(view.references[0].reasons[0]["code"], "too_small");

    let style = json!({"name": "mood", "kind": "style", "references": [data(&png(disc(600, 200.0, BLUE)))]});
    scene.producer().request_subject("s2", &style).await;
    let view = scene.profile("mood", "profiled").await?;
    assert!(view.references[0].cutout_key.is_none(), "nothing is cut out of a style");

    for (id, wanted, said) in [
        ("b1", json!({"name": "A Cup", "references": [data(b"x")]}), "data.name: "),
        ("b2", json!({"references": [data(b"x")]}), "data.name: is missing"),
        ("b3", json!({"name": "cup", "references": []}), "references: is 0, must be 1 to 14"),
        ("b4", json!({"name": "cup", "references": [data(b"%PDF-1.4")]}), "references[0].data: "),
        ("b5", json!({"tenant": "nobody", "name": "cup", "references": [data(b"x")]}), "tenant: `nobody`"),
        (
            "b6",
            json!({"name": "mood", "kind": "product", "references": style["references"]}),
            "is a style, not a product",
        ),
    ] {
        scene.producer().request_subject(id, &wanted).await;
        wait_until(said, PATIENCE, async || {
            let letters = scene.store.dead_letters(false, 10).await.unwrap_or_default();
            letters.iter().any(|letter| letter.stage == "profile" && letter.detail.contains(said))
        })
        .await;
    }
    scene.wait_for_empty_outbox().await;
    Ok(())
}

#[tokio::test]
async fn a_worker_killed_while_it_profiles_loses_nothing() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.fleet.settings.set("CAVENDISH_RENDERER__FAKE_STEP_MS", "60000");
    let mut slow = scene.fleet.start(Service::Render)?;
    let wanted = json!({"name": "cup", "references": [data(&png(disc(600, 200.0, RED)))]});
    scene.producer().request_subject("s1", &wanted).await;
    wait_until("the profile to be in hand", PATIENCE, async || {
        let depths = scene.store.queue_depths().await.unwrap_or_default();
        depths.iter().any(|depth| depth.stage == Stage::Profile.as_str() && depth.held == 1)
    })
    .await;
    slow.kill()?;
    scene.fleet.settings.set("CAVENDISH_RENDERER__FAKE_STEP_MS", "0");
    let _render = scene.fleet.start(Service::Render)?;
    let view = scene.profile("cup", "profiled").await?;
    let cutout = view.references[0].cutout_key.as_deref().unwrap_or_default();
    assert!(cutout.ends_with("/cutouts-2/0.png"), "by the second attempt: {cutout}");
    scene.wait_for_empty_outbox().await;
    Ok(())
}

#[tokio::test]
async fn a_brief_says_what_becomes_of_a_doubtful_cut_out() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    // A speck: whatever it is, it is too small to be sure of.
    let speck = data(&png(disc(400, 9.0, RED)));
    let wanted = |on_doubt: &str| json!({"subjects": [{"references": [speck]}], "deliverables": ["meta-feed-square"], "on_doubt": on_doubt});
    let stern = scene.request("stern", &wanted("fail")).await;
    let lenient = scene.request("lenient", &wanted("deliver")).await;
    let cautious = scene.request("cautious", &wanted("hold")).await;
    let given_up = scene.request("given-up", &wanted("hold")).await;
    scene.wait_for(stern, JobState::Failed).await;
    scene.wait_for(lenient, JobState::Completed).await;
    let error = scene.view(stern).await?.summary.error.unwrap_or_default();
    assert!(error.contains("subjects[0]: the cut-out is doubtful") && error.contains("very small"), "{error}");
    assert!(scene.store.dead_letters(false, 10).await?.is_empty(), "there is nothing for people to mend");
    let doubt = scene.view(lenient).await?.assets[0].report["uncertain"].as_str().unwrap_or_default().to_owned();
    assert!(doubt.contains("very small"), "{doubt}");
    for held in [cautious, given_up] {
        scene.wait_for(held, JobState::Held).await;
        let view = scene.view(held).await?;
        assert!(view.summary.error.unwrap_or_default().contains("very small"));
        assert!(view.shots.iter().all(|shot| shot.state == "queued"));
    }
    assert_eq!(scene.store.cancel(TenantId::DEFAULT, given_up).await?, JobState::Cancelled);
    assert_eq!(
        scene.store.release_job(TenantId::DEFAULT, given_up).await?,
        JobState::Cancelled,
        "what is given up stays so"
    );
    assert_eq!(scene.store.release_job(TenantId::DEFAULT, cautious).await?, JobState::Rendering);
    scene.wait_for(cautious, JobState::Completed).await;
    assert_eq!(scene.view(cautious).await?.summary.error, None);
    for told in ["job.held", "job.released", "job.completed"] {
        assert_eq!(scene.told(cautious, told).await?, 1, "{told}");
    }
    Ok(())
}
