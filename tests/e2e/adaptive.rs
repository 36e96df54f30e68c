//! Deadlines and tiers over the whole line, and tenants that share a renderer.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use cavendish_domain::{JobId, JobState, TenantId};
use cavendish_gateway::keys::Key;
use cavendish_testkit::wait_until;
use cavendish_tests::{Process, Service, brief};
use serde_json::{Value, json};
use std::net::TcpListener;

/// Milliseconds of a step; the fake takes four unless it is told otherwise.
const STEP_MS: u64 = 400;

/// A line with a gateway whose renderer is known to take four steps of [`STEP_MS`] for an image.
struct Known {
    scene: Scene,
    jobs_url: String,
    key: Key,
    _processes: Vec<Process>,
}

impl Known {
    async fn new() -> Result<Self> {
        let mut scene = Scene::new().await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        scene
            .fleet
            .settings
            .set("CAVENDISH_GATEWAY__LISTEN", &format!("127.0.0.1:{port}"))
            .set("CAVENDISH_RENDERER__FAKE_STEP_MS", &STEP_MS.to_string());
        let mut processes = scene.fleet.start_stages()?;
        processes.push(scene.fleet.start(Service::Gateway)?);
        let key = Key::generate();
        scene.store.add_key(TenantId::DEFAULT, "test", key.shown(), &key.hash()).await?;
        let first = scene.request("first", &brief("cup")).await;
        scene.wait_for(first, JobState::Completed).await;
        wait_until("the cost of an image to be known", PATIENCE, async || {
            let outlook = scene.store.outlook().await;
            outlook.is_ok_and(|outlook| outlook.renderers > 0 && outlook.costs.knows("fake"))
        })
        .await;
        Ok(Self { scene, jobs_url: format!("http://127.0.0.1:{port}/v1/jobs"), key, _processes: processes })
    }

    /// Submits over HTTP as soon as the gateway listens and its outlook is as new as ours.
    async fn submit(&self, brief: &Value, status: u16) -> Value {
        let mut answer = Value::Null;
        wait_until(&format!("an answer of {status}"), PATIENCE, async || {
            let request = reqwest::Client::new().post(&self.jobs_url).bearer_auth(self.key.reveal()).json(brief);
            let Ok(response) = request.send().await else { return false };
            let found = response.status().as_u16();
            answer = response.json().await.unwrap_or_default();
            found == status
        })
        .await;
        answer
    }
}

fn by(deadline_ms: u64, quality: &str) -> Value {
    let mut wanted = brief("cup");
    wanted["deadline_ms"] = json!(deadline_ms);
    wanted["quality"] = json!(quality);
    wanted
}

#[tokio::test]
async fn a_deadline_that_cannot_be_met_is_refused_at_both_doors_with_the_reason() -> Result<()> {
    let known = Known::new().await?;
    let answer = known.submit(&by(1, "auto"), 422).await;
    let error = &answer["error"];
    assert_eq!((&error["code"], &error["errors"][0]["field"]), (&json!("deadline_unreachable"), &json!("deadline_ms")));
    let reason = error["errors"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("at the earliest"), "{answer}");

    let scene = &known.scene;
    let refused = scene.request("late", &by(1, "auto")).await;
    wait_until("the producer's brief to be refused", PATIENCE, async || {
        let letters = scene.store.dead_letters(false, 10).await.unwrap_or_default();
        letters.iter().any(|letter| {
            letter.reason == "deadline_unreachable" && letter.detail.starts_with("deadline_ms: cannot be met: about")
        })
    })
    .await;
    assert_eq!(scene.state(refused).await, None, "no job was made of it");
    Ok(())
}

#[tokio::test]
async fn a_tight_deadline_gets_the_cheaper_plan_and_says_why() -> Result<()> {
    let known = Known::new().await?;
    let tight = STEP_MS * 7;
    let accepted = known.submit(&by(tight, "best"), 202).await;
    let job: JobId = accepted["id"].as_str().unwrap_or_default().parse()?;
    known.scene.wait_for(job, JobState::Completed).await;

    let view = known.scene.view(job).await?;
    let shot = &view.shots[0];
    let steps = shot.request["steps"].as_u64().unwrap_or_default();
    assert!((1..=4).contains(&steps), "`best` would take 8 steps, which alone is too long: {:#}", shot.request);
    let reasons = shot.request["decision"]["reasons"].as_array().cloned().unwrap_or_default();
    let pressed = reasons.iter().find(|reason| reason["code"] == "deadline_steps").expect("it says why");
    assert!(pressed["text"].as_str().unwrap_or_default().contains("instead of 8"), "{pressed}");
    let render = &shot.render.as_ref().expect("it is rendered").0;
    assert_eq!(render.steps.cast_unsigned(), steps as u32, "what was decided is what was drawn");
    assert!(render.report["decision"]["reasons"].as_array().is_some_and(|codes| !codes.is_empty()));

    // The same over HTTP.
    let url = format!("{}/{job}", known.jobs_url);
    let status: Value = reqwest::Client::new().get(url).bearer_auth(known.key.reveal()).send().await?.json().await?;
    assert_eq!(status["shots"][0]["request"]["decision"]["reasons"], json!(reasons));
    assert!(status["deadline_at"].is_string());
    let unhurried = known.submit(&by(3_600_000, "best"), 202).await;
    let job: JobId = unhurried["id"].as_str().unwrap_or_default().parse()?;
    known.scene.wait_for(job, JobState::Completed).await;
    assert_eq!(known.scene.view(job).await?.shots[0].request["steps"], 8);
    Ok(())
}

#[tokio::test]
async fn a_tenants_backlog_does_not_hold_up_another_tenants_image() -> Result<()> {
    const BACKLOG: usize = 12;
    let mut scene = Scene::new().await?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let cache = std::env::var("CAVENDISH_CACHE").unwrap_or_else(|_| format!("{root}/.cache"));
    scene
        .fleet
        .settings
        .set("CAVENDISH_RENDERER__KIND", "engine")
        .set("CAVENDISH_RENDERER__MODEL_DIR", &format!("{root}/models/nano"))
        .set("CAVENDISH_RENDERER__VISION_DIR", &format!("{root}/models/vision"))
        .set("CAVENDISH_RENDERER__ENCODER_DIR", &format!("{cache}/models/minilm"))
        .set("CAVENDISH_RENDERER__MAX_BATCH", "1")
        .set("CAVENDISH_RENDER__CONCURRENCY", "32");
    let other = scene.store.create_tenant("other", "Other").await?;
    let _stages = scene.fleet.start_stages()?;
    let mut many = brief("owl");
    many["variants"] = json!(BACKLOG);
    many["quality"] = json!("best");
    let busy = scene.request("many", &many).await;
    wait_until("the whole backlog to wait for the model", PATIENCE, async || {
        let Ok(view) = scene.view(busy).await else { return false };
        view.shots.len() == BACKLOG && view.shots.iter().all(|shot| shot.state != "queued")
    })
    .await;
    let event = json!({
        "specversion": "1.0", "id": "one", "source": "/tests/other", "type": "cavendish.job.requested.v1",
        "data": {"tenant": "other", "brief": brief("owl")},
    });
    scene.producer().post("job.requested", event.to_string().as_bytes()).await;
    let single = JobId::of_event("/tests/other", "one");
    wait_until("the other tenant's image", PATIENCE, async || {
        matches!(scene.store.job_state(other, single).await, Ok(JobState::Completed))
    })
    .await;
    // What of the backlog is still to come does not matter.
    let rendered = async |tenant, job| {
        let history = scene.store.history(tenant, job, 0).await?;
        let seqs = history.iter().filter(|entry| entry.event == "shot.rendered").map(|entry| entry.seq);
        anyhow::Ok(seqs.collect::<Vec<_>>())
    };
    let (theirs, ours) = (rendered(other, single).await?[0], rendered(TenantId::DEFAULT, busy).await?);
    let before = ours.iter().filter(|seq| **seq < theirs).count();
    assert!(before < BACKLOG, "all {BACKLOG} of the backlog were drawn before the other tenant's one image");
    Ok(())
}
