//! Following a job, and giving it up.

use crate::world::{Api, SOON, brief, refusal};
use cavendish_domain::TenantId;
use cavendish_gateway::api::JobEntry;
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

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
