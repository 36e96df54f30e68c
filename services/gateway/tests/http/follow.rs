//! Following a job, and giving it up.

use crate::world::{Api, SOON, brief, refusal};
use cavendish_conveyor::{Notice, Relay, RelayHandle};
use cavendish_domain::{BlobKey, JobId, Keeping, Method as Drawing, OwnerId, ShotId, ShotRequest, Stage, TenantId};
use cavendish_gateway::api::JobEntry;
use cavendish_messages::{EventType, Progress};
use cavendish_service_kit::CancellationToken;
use cavendish_store::{Failure, PlanCommit, PlannedShot, Store};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use std::time::Duration;

/// The events of a stream that has ended, each with its id.
async fn events(response: Response) -> Vec<(String, JobEntry)> {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = tokio::time::timeout(SOON, response.text()).await.expect("the stream ends").unwrap();
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default().to_owned()
    };
    let told = text.split("\n\n").filter(|event| event.contains("data:"));
    told.map(|event| {
        let entry: JobEntry = serde_json::from_str(&field(event, "data")).unwrap();
        assert_eq!(field(event, "event"), entry.event);
        (field(event, "id"), entry)
    })
    .collect()
}

#[tokio::test]
async fn a_stream_tells_the_history_goes_on_live_and_ends_with_the_job() {
    let api = Api::start().await;
    let job = api.accepted(&brief()).await;
    let follow = |after: Option<&str>| {
        let request = api.request(Method::GET, &job.links.events_url);
        after
            .map_or_else(|| request.try_clone().unwrap(), |id| request.try_clone().unwrap().header("last-event-id", id))
    };
    // Open before anything happens.
    let live = follow(None).send().await.unwrap();
    api.store.cancel(TenantId::DEFAULT, job.id.into()).await.unwrap();
    let live = events(live).await;
    let names: Vec<_> = live.iter().map(|(_, entry)| entry.event.as_str()).collect();
    assert_eq!(names, ["job.requested", "job.cancelled"]);

    // The same again from Postgres alone; from the middle; and when nothing is left to come.
    assert_eq!(events(follow(None).send().await.unwrap()).await, live);
    let rest = events(follow(Some(&live[0].0)).send().await.unwrap()).await;
    assert_eq!(rest, live[1..]);
    let over = follow(Some(&live[1].0)).send().await.unwrap();
    assert_eq!(over.status(), StatusCode::NO_CONTENT);
    let (_, faults) = refusal(follow(Some("x")).send().await.unwrap(), StatusCode::BAD_REQUEST).await;
    assert_eq!(faults, ["last-event-id: is not an id of this stream"]);
    api.stop().await;
}

#[tokio::test]
async fn a_held_job_shows_its_cut_outs_and_goes_on_once_it_is_released() {
    let api = Api::start().await;
    let job = api.accepted(&brief()).await;
    let release = || api.request(Method::POST, &format!("{}/release", job.links.status_url)).send();
    assert_eq!(release().await.unwrap().json::<serde_json::Value>().await.unwrap()["status"], "queued", "not held");
    let works = api.store.acquire(Stage::Ingest, &[job.id], OwnerId::new(), Duration::from_secs(60)).await.unwrap();
    let claim = works[0].claim.clone();
    let cutout = json!({"key": BlobKey::cutout(claim.tenant_id, claim.job_id, 1, 0, 0), "confidence": 0.4, "uncertain": "the rim"});
    let request = ShotRequest {
        variant: 0,
        prompt: String::new(),
        seed: 1,
        width: 64,
        height: 64,
        steps: None,
        method: Drawing::Draw,
        subjects: vec![serde_json::from_value(json!({"preserve": "pixels", "cutouts": [cutout]})).unwrap()],
        keeping: Keeping::default(),
        instead: None,
        deliverables: vec![0],
        outpaint: None,
        decision: None,
    };
    let shots = vec![PlannedShot { id: ShotId::of_job(claim.job_id, 0), request, render: None }];
    let held = Some("the rim".to_owned());
    api.store.commit_plans(&[PlanCommit { claim, shots, subjects: vec![], held, traceparent: None }]).await.unwrap();
    let status = api.get(&job.links.status_url).await;
    assert_eq!((&status["status"], &status["error"]), (&json!("held"), &json!("the rim")));
    assert_eq!(status["cutouts"][0]["uncertain"], "the rim");
    assert!(status["cutouts"][0]["url"].as_str().is_some_and(|url| url.starts_with("http")), "{status}");
    for _ in 0..2 {
        let released = release().await.unwrap();
        assert_eq!(released.status(), StatusCode::OK);
        let released: serde_json::Value = released.json().await.unwrap();
        assert_eq!((&released["status"], &released["error"]), (&json!("rendering"), &json!(null)));
    }
    let history = api.store.history(TenantId::DEFAULT, job.id.into(), 0).await.unwrap();
    let names: Vec<_> = history.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(names, ["job.requested", "job.planned", "job.held", "job.released"]);
    api.stop().await;
}

#[tokio::test]
async fn a_job_is_given_up_once_and_stays_so() {
    let api = Api::start().await;
    let job = api.accepted(&brief()).await;
    for _ in 0..2 {
        let response = api.request(Method::POST, &job.links.cancel_url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.json::<serde_json::Value>().await.unwrap()["status"], "cancelled");
    }
    let history = api.store.history(TenantId::DEFAULT, job.id.into(), 0).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.event == "job.cancelled").count(), 1);
    let status = api.get(&job.links.status_url).await;
    assert!(status["settled_at"].is_string() && status["queue_position"].is_null(), "{status}");
    assert_eq!(status["assets"], json!([]));
    api.stop().await;
}

#[tokio::test]
async fn open_streams_do_not_hold_up_the_end_and_are_limited() {
    let api = Api::start_with(|config| config.gateway.max_streams = 1).await;
    let job = api.accepted(&brief()).await;
    let open = api.request(Method::GET, &job.links.events_url).send().await.unwrap();
    let second = api.request(Method::GET, &job.links.events_url).send().await.unwrap();
    assert_eq!(second.headers()["retry-after"], "2");
    let (code, _) = refusal(second, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "busy");
    // The job is still queued, so only the end of the server ends the stream.
    let (told, _world) = tokio::join!(events(open), api.stop());
    assert_eq!(told.len(), 1);
}

/// Tells of steps, faster than the history is read, until it is dropped.
async fn step_on(relay: RelayHandle, job: JobId) {
    let data = Progress { job_id: job, shot_id: ShotId::new(), step: 1, steps: 12 };
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        relay.notify(Notice::new("default", EventType::JobProgressed, job, &data));
    }
}

/// Reads on in a stream until `event` was told.
async fn told(response: &mut Response, event: &str) {
    let mut text = String::new();
    while !text.contains(&format!("event: {event}\n")) {
        let piece = tokio::time::timeout(SOON, response.chunk()).await.expect("the stream goes on").unwrap();
        text += &String::from_utf8_lossy(&piece.expect("the stream is open"));
    }
}

/// A line of the history that nobody announces.
async fn fail_quietly(store: &Store, job: JobId) {
    let hour = Duration::from_secs(3_600);
    let work = store.acquire(Stage::Ingest, &[job.uuid()], OwnerId::new(), hour).await.unwrap();
    let failure = Failure { reason: "test".into(), detail: "a test".into(), retry_after: Some(hour) };
    store.fail(&work[0].claim, &failure).await.unwrap();
}

#[tokio::test]
async fn steps_are_told_live_and_do_not_keep_the_history_back() {
    let api = Api::start().await;
    let job = api.accepted(&brief()).await;
    let stop = CancellationToken::new();
    let (relay, _) = Relay::start(api.store.clone(), api.world.amqp_url.clone(), stop.clone());
    let steps = tokio::spawn(step_on(relay, job.id.into()));
    let mut stream = api.request(Method::GET, &job.links.events_url).send().await.unwrap();
    told(&mut stream, "job.progressed").await;
    fail_quietly(&api.store, job.id.into()).await;
    told(&mut stream, "attempt.failed").await;
    assert!(!steps.is_finished());
    steps.abort();
    stop.cancel();
    drop(stream);
    api.stop().await;
}
