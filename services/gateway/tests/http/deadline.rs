//! Deadlines at the door.

use crate::world::{Api, brief, refusal};
use cavendish_domain::OwnerId;
use cavendish_domain::outlook::lone;
use cavendish_store::Measured;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn by(deadline_ms: u64) -> Value {
    let mut wanted = brief();
    wanted["deadline_ms"] = json!(deadline_ms);
    wanted
}

/// A renderer is there, and an image of its default steps takes ten minutes.
async fn slow_renderer(api: &Api) {
    let info = json!({"model": "slow", "native_sizes": [[64, 64]], "default_steps": 12, "max_references": 0});
    api.store.renderer_seen(OwnerId::new(), &info, 1).await.unwrap();
    let measured = Measured::from([(lone("slow", [64, 64], 12, 0), vec![600.0; 9])]);
    api.store.record_costs(&measured).await.unwrap();
}

#[tokio::test]
async fn a_deadline_that_cannot_be_met_is_refused_before_anything_is_stored() {
    let api = Api::start().await;
    slow_renderer(&api).await;
    let (code, faults) = refusal(api.submit(&by(5_000)).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(code, "deadline_unreachable");
    // A third of the steps: 200 s, and half as much again for they were never measured.
    assert!(faults[0].starts_with("deadline_ms: cannot be met: about 300.2 s are needed"), "{faults:?}");
    assert!(faults[0].ends_with("Z at the earliest"), "{faults:?}");
    assert_eq!(api.get("/v1/jobs").await["jobs"], json!([]));
    api.accepted(&brief()).await;
    // Now one image waits ahead, for ten minutes.
    let (_, faults) = refusal(api.submit(&by(400_000)).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(faults[0].contains("600.0 s for the backlog of 1 in lane standard"), "{faults:?}");
    let mut urgent = by(400_000);
    urgent["lane"] = json!("interactive");
    let accepted = api.accepted(&urgent).await;
    let status = api.get(&accepted.links.status_url).await;
    assert!(status["deadline_at"].is_string() && status["late_by_ms"].is_null(), "{status}");
    api.stop().await;
}

#[tokio::test]
async fn what_was_accepted_is_not_refused_when_it_is_sent_again() {
    let api = Api::start().await;
    let send = async || {
        let request = api.request(Method::POST, "/v1/jobs").header("idempotency-key", "k").json(&by(5_000));
        request.send().await.unwrap().status()
    };
    assert_eq!(send().await, StatusCode::ACCEPTED, "nothing is known of costs yet");
    slow_renderer(&api).await;
    assert_eq!(send().await, StatusCode::ACCEPTED);
    api.stop().await;
}

#[tokio::test]
async fn a_deadline_out_of_range_or_of_another_kind_names_its_field() {
    let api = Api::start().await;
    for (deadline, said) in [
        (json!(0), "is 0, must be 1 to 86400000"),
        (json!(86_400_001_u64), "is 86400001"),
        (json!(-1), "invalid value"),
        (json!("soon"), "invalid type"),
        (json!(1.5), "invalid type"),
    ] {
        let mut wanted = brief();
        wanted["deadline_ms"] = deadline;
        let (code, faults) = refusal(api.submit(&wanted).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid_brief");
        assert!(faults[0].starts_with(&format!("deadline_ms: {said}")), "{faults:?}");
    }
    api.stop().await;
}
