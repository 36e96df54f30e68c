//! Taking briefs in.

use crate::world::{Api, MAX_BODY, SOON, brief, refusal};
use cavendish_domain::TenantId;
use cavendish_testkit::wait_until;
use futures::stream;
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::TcpListener;

#[tokio::test]
async fn an_accepted_brief_says_where_to_go_on() {
    let api = Api::start().await;
    let response = api.submit(&brief()).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    let id = body["id"].as_str().unwrap();
    assert_eq!(location, format!("/v1/jobs/{id}"));
    assert_eq!(
        body,
        json!({
            "id": id, "status": "queued", "queue_position": 0, "status_url": location,
            "events_url": format!("{location}/events"), "cancel_url": format!("{location}/cancel"),
        })
    );
    let status = api.get(&location).await;
    assert_eq!((&status["id"], &status["status"]), (&body["id"], &json!("queued")));
    assert_eq!(status["brief"]["prompt"], "a hamburger");
    // Drawn by lot and told, so that the images can be made again.
    assert!(status["brief"]["seed"].is_u64());
    let list = api.get("/v1/jobs?limit=5").await;
    assert_eq!(list["jobs"][0]["id"], body["id"]);
    api.stop().await;
}

#[tokio::test]
async fn urls_are_whole_where_the_public_url_is_known() {
    let api = Api::start_with(|config| config.gateway.public_url = Some("https://images.example/".into())).await;
    let accepted = api.accepted(&brief()).await;
    assert_eq!(accepted.links.status_url, format!("https://images.example/v1/jobs/{}", accepted.id));
    api.stop().await;
}

#[tokio::test]
async fn every_fault_is_told_with_its_field() {
    let api = Api::start().await;
    let bad = json!({"prompt": "", "variants": 99, "backdrop": "plaid", "deliverables": ["amazon-mian"]});
    let (code, faults) = refusal(api.submit(&bad).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(code, "invalid_brief");
    let fields: Vec<_> = faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
    assert_eq!(fields, ["prompt", "variants", "backdrop", "deliverables[0].spec"]);
    assert!(faults[3].contains("amazon-main"), "the nearest spec is named: {}", faults[3]);

    let (_, faults) = refusal(api.submit(&json!([])).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(faults[0].starts_with("body: "), "{faults:?}");
    let long = json!({"prompt": "x".repeat(100_000), "deliverables": ["amazon-main"]});
    let (_, faults) = refusal(api.submit(&long).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["prompt: has 100000 characters, at most 4000 are allowed"]);
    assert_eq!(api.get("/v1/jobs").await, json!({"jobs": []}), "nothing of it was stored");
    api.stop().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_a_brief_is_refused_by_its_kind() {
    let api = Api::start().await;
    let send = async |kind: &str, body: Body| {
        let request = api.request(Method::POST, "/v1/jobs").header("content-type", kind);
        request.body(body).send().await.unwrap()
    };
    let (_, faults) = refusal(
        send("application/json", b"{\"prompt\":\"\xff\"}".as_slice().into()).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    assert_eq!(faults, ["body: is not UTF-8 from byte 11"]);
    let (code, _) = refusal(send("image/png", "x".into()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    assert_eq!(code, "unsupported_media_type");

    let large = "x".repeat(MAX_BODY + 1);
    let (code, _) = refusal(send("application/json", large.clone().into()).await, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(code, "too_large");
    // Without a length announced, it is found out on the way.
    let pieces: Vec<Result<String, Infallible>> =
        large.as_bytes().chunks(65_536).map(|piece| Ok(String::from_utf8(piece.into()).unwrap())).collect();
    let streamed = send("application/json", Body::wrap_stream(stream::iter(pieces))).await;
    refusal(streamed, StatusCode::PAYLOAD_TOO_LARGE).await;
    api.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_is_good_for_one_brief() {
    let api = Api::start().await;
    let send = async |key: &str, brief: &Value| {
        api.request(Method::POST, "/v1/jobs").header("idempotency-key", key).json(brief).send().await.unwrap()
    };
    let id = async |key: &str, brief: &Value| -> Value {
        let response = send(key, brief).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        response.json::<Value>().await.unwrap()["id"].take()
    };
    let first = id("order-1", &brief()).await;
    assert_eq!(id("order-1", &brief()).await, first);
    assert_ne!(id("order-2", &brief()).await, first);

    let other = json!({"prompt": "another", "deliverables": ["amazon-main"]});
    let (code, _) = refusal(send("order-1", &other).await, StatusCode::CONFLICT).await;
    assert_eq!(code, "conflict");
    let (_, faults) = refusal(send(&"k".repeat(256), &brief()).await, StatusCode::BAD_REQUEST).await;
    assert!(faults[0].starts_with("idempotency-key: "), "{faults:?}");
    assert_eq!(api.store.jobs(TenantId::DEFAULT, 10).await.unwrap().len(), 2);
    api.stop().await;
}

#[tokio::test]
async fn jobs_are_taken_in_while_the_broker_is_away() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let api = Api::start_with(|config| config.broker.url = format!("amqp://127.0.0.1:{}", nobody.port())).await;
    let accepted = api.accepted(&brief()).await;
    assert_eq!(api.get("/healthz").await["status"], "ok");
    assert_eq!(api.get(&accepted.links.status_url).await["status"], "queued");
    let store = api.store.clone();
    assert_eq!(store.outbox_len().await.unwrap(), 1, "what calls ingest is kept");
    let world = api.stop().await;

    // The next gateway finds a broker, and what the first could not send.
    let shutdown = cavendish_service_kit::CancellationToken::new();
    let (_, relay) = cavendish_conveyor::Relay::start(store.clone(), world.amqp_url.clone(), shutdown.clone());
    // A confirm that is lost costs a new session and the rest of the row's lease: give it time for both.
    wait_until("the event to go out", 3 * SOON, async || store.outbox_len().await.unwrap() == 0).await;
    shutdown.cancel();
    relay.await.unwrap();
}
