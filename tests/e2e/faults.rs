//! Workers that die, hang, drain or crash on their work.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use cavendish_domain::{JobState, TenantId};
use cavendish_messages::topology;
use cavendish_testkit::wait_until;
use cavendish_tests::{Service, brief};
use reqwest::Method;
use serde_json::json;

/// A scene whose renders take a while: four steps of this many milliseconds.
async fn slow(step_ms: &str) -> Result<Scene> {
    let mut scene = Scene::new().await?;
    scene.fleet.settings.set("CAVENDISH_RENDERER__FAKE_STEP_MS", step_ms);
    Ok(scene)
}

#[tokio::test]
async fn work_of_a_killed_worker_is_done_by_another() -> Result<()> {
    let scene = slow("300").await?;
    let mut stages = scene.fleet.start_stages()?;
    let job = scene.request("e1", &brief("cup")).await;
    scene.wait_for(job, JobState::Rendering).await;
    wait_until(
        "the shot to be in hand",
        PATIENCE,
        async || matches!(scene.view(job).await, Ok(view) if view.shots[0].state == "rendering"),
    )
    .await;
    stages.iter_mut().find(|process| process.service == Service::Render).expect("started").kill()?;
    let _render = scene.fleet.start(Service::Render)?;
    scene.wait_for(job, JobState::Completed).await;
    assert_eq!(scene.told(job, "attempt.failed").await?, 1, "the lost attempt is in the history");
    assert_eq!(scene.view(job).await?.assets.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_drained_worker_burns_no_attempt_and_loses_no_job() -> Result<()> {
    let mut scene = slow("400").await?;
    scene.fleet.settings.set("CAVENDISH_RENDER__DRAIN_MS", "100");
    let mut stages = scene.fleet.start_stages()?;
    let mut jobs = vec![];
    for n in 0..6 {
        jobs.push(scene.request(&n.to_string(), &brief("cup")).await);
    }
    wait_until("a shot to be in hand", PATIENCE, async || {
        matches!(scene.view(jobs[0]).await, Ok(view) if view.shots.iter().any(|shot| shot.state == "rendering"))
    })
    .await;
    let render = stages.iter_mut().find(|process| process.service == Service::Render).expect("started");
    render.signal("TERM")?;
    wait_until("the drained worker to end", PATIENCE, async || matches!(render.exit_code(), Ok(Some(_)))).await;
    assert_eq!(render.exit_code()?, Some(0));
    let _render = scene.fleet.start(Service::Render)?;
    for job in jobs {
        scene.wait_for(job, JobState::Completed).await;
        assert_eq!(scene.told(job, "attempt.failed").await?, 0, "no attempt was burnt");
    }
    scene.wait_for_empty_outbox().await;
    Ok(())
}

#[tokio::test]
async fn a_worker_stopped_past_its_lease_cannot_commit_when_it_wakes() -> Result<()> {
    let scene = slow("500").await?;
    let _stages = [scene.fleet.start(Service::Ingest)?, scene.fleet.start(Service::Postprocess)?];
    let sleeper = scene.fleet.start(Service::Render)?;
    let job = scene.request("e1", &brief("cup")).await;
    wait_until("the shot to be in hand", PATIENCE, async || {
        matches!(scene.view(job).await, Ok(view) if view.shots.first().is_some_and(|shot| shot.state == "rendering"))
    })
    .await;
    sleeper.signal("STOP")?;
    let _second = scene.fleet.start(Service::Render)?;
    scene.wait_for(job, JobState::Completed).await;
    let attempt = |view: &cavendish_store::JobView| view.shots[0].render.as_ref().map(|render| render.0.attempt);
    let before = scene.view(job).await?;
    assert_eq!(attempt(&before), Some(2), "the second attempt won");
    sleeper.signal("CONT")?;
    wait_until("the sleeper to find its claim lost", PATIENCE, async || {
        let log = scene.fleet.log();
        log.contains("fenced") || log.contains("claim lost")
    })
    .await;
    let after = scene.view(job).await?;
    assert_eq!((attempt(&after), after.assets.len()), (Some(2), 1));
    assert_eq!(after.assets[0].id, before.assets[0].id);
    Ok(())
}

#[tokio::test]
async fn a_shot_that_crashes_every_worker_is_given_up_and_can_be_replayed() -> Result<()> {
    let mut scene = Scene::new().await?;
    let max_failures = "3";
    scene
        .fleet
        .settings
        .set("CAVENDISH_RENDERER__FAKE_CRASH_ON", "poison")
        .set("CAVENDISH_RENDER__MAX_FAILURES", max_failures);
    let mut stages = scene.fleet.start_stages()?;
    let poison = scene.request("p", &brief("poison")).await;
    let good = scene.request("g", &brief("good")).await;
    let render = stages.iter_mut().find(|process| process.service == Service::Render).expect("started");
    // What an init system does: start it again whenever it has died.
    wait_until("the poison to be given up", PATIENCE * 2, async || {
        if matches!(render.exit_code(), Ok(Some(_))) {
            *render = scene.fleet.start(Service::Render).expect("the service starts");
        }
        scene.state(poison).await == Some(JobState::Failed)
    })
    .await;
    scene.wait_for(good, JobState::Completed).await;
    let letters = scene.store.dead_letters(false, 10).await?;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].reason.as_str(), letters[0].failures), ("worker_lost", 3));
    assert!(scene.view(poison).await?.summary.error.is_some_and(|error| error.starts_with("render: ")));

    // With a worker that does not crash on it, the same letter becomes a finished job.
    render.kill()?;
    scene.fleet.settings.set("CAVENDISH_RENDERER__FAKE_CRASH_ON", "something else");
    *render = scene.fleet.start(Service::Render)?;
    scene.store.replay(letters[0].id).await?;
    wait_until("the replayed job to complete", PATIENCE, async || {
        scene.state(poison).await == Some(JobState::Completed)
    })
    .await;
    assert!(scene.store.replay(letters[0].id).await.is_err(), "a letter is replayed once");
    assert!(scene.store.dead_letters(false, 10).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_deleted_queue_loses_neither_the_events_to_come_nor_those_that_were_in_it() -> Result<()> {
    let scene = Scene::new().await?;
    let mut ingest = scene.fleet.start(Service::Ingest)?;
    // Someone deletes the queue of the next stage, once it is there and everything else is declared.
    let first = scene.request("e0", &brief("cup")).await;
    wait_until("the first plan to be handed on", PATIENCE, async || {
        matches!(scene.store.outbox_len().await, Ok(0)) && scene.state(first).await == Some(JobState::Rendering)
    })
    .await;
    let vhost = scene.world.vhost.name();
    let queue = topology::queue(cavendish_domain::Stage::Render, cavendish_domain::Lane::Standard);
    scene.world.vhost.call(Method::DELETE, &["queues", vhost, &queue], &json!(null)).await?;
    let job = scene.request("e1", &brief("cup")).await;
    wait_until("the returned message to be noticed", PATIENCE, async || scene.fleet.log().contains("unroutable")).await;
    assert_eq!(scene.store.outbox_len().await?, 1);
    ingest.kill()?;
    // A service that starts declares the line again.
    let _stages = scene.fleet.start_stages()?;
    scene.wait_for(job, JobState::Completed).await;
    // The message of the first job died with the queue; an idle worker asks for it again.
    scene.wait_for(first, JobState::Completed).await;
    scene.wait_for_empty_outbox().await;
    Ok(())
}

#[tokio::test]
async fn services_wait_for_a_broker_that_is_down_and_come_back_after_a_cut() -> Result<()> {
    let scene = Scene::new().await?;
    let stages = scene.fleet.start_stages()?;
    let first = scene.request("e1", &brief("cup")).await;
    scene.wait_for(first, JobState::Completed).await;
    cavendish_tests::cut_connections(&scene.world).await?;
    let second = scene.request("e2", &brief("cup")).await;
    scene.wait_for(second, JobState::Completed).await;
    assert_eq!(scene.store.jobs(TenantId::DEFAULT, 10).await?.len(), 2);
    drop(stages);
    Ok(())
}
