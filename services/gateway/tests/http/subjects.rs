//! Subject profiles at the door: what is taken, what is refused, and whose they are.

use crate::world::{Api, add_key, refusal};
use cavendish_domain::{OwnerId, Stage, TenantId};
use cavendish_store::{Claim, ProfileCommit, ProfileOutcome, ProfiledReference, ProfiledVersion};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn post(api: &Api, path: &str, body: &Value, key: &str) -> Response {
    let request = api.request(Method::POST, path).json(body);
    let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
    request.send().await.unwrap()
}

fn subject(name: &str) -> Value {
    json!({"name": name, "references": [{"data": PIXEL}]})
}

async fn accepted(response: Response) -> Value {
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    response.json().await.unwrap()
}

/// Does the work of the stage: one good reference, or none that can be used.
async fn profiled(api: &Api, version: &Value, good: bool) {
    use cavendish_domain::{Reason, Verdict};
    let id: Uuid = version["id"].as_str().unwrap().parse().unwrap();
    let works = api.store.acquire(Stage::Profile, &[id], OwnerId::new(), Duration::from_secs(60)).await.unwrap();
    let claim: Claim = works[0].claim.clone();
    assert_eq!((claim.job(), works[0].input["kind"].as_str()), (None, Some("product")));
    let reference = ProfiledReference {
        index: 0,
        cutout: None,
        size: Some([1, 1]),
        confidence: Some(1.0),
        verdict: if good { Verdict::Good } else { Verdict::Rejected },
        reasons: if good { vec![] } else { vec![Reason::new("too_small", "is small".into())] },
        measures: json!({}),
        embedding: good.then(|| vec![1.0, 0.0]),
    };
    let made = ProfiledVersion {
        encoder: "test".into(),
        palette: json!([{"hex": "#ff0000", "name": "red", "share": 1.0}]),
        attributes: json!({}),
        report: json!({"self_similarity": {"mean": 0.75}}),
        references: vec![reference],
    };
    let outcome = ProfileOutcome::Version(made);
    api.store.commit_profiles(&[ProfileCommit { claim, outcome }]).await.unwrap();
}

#[tokio::test]
async fn a_subject_is_asked_for_once_shown_pinned_and_removed() {
    let api = Api::start().await;
    let first = accepted(post(&api, "/v1/subjects", &subject("cup"), "k").await).await;
    assert_eq!((first["version"].as_i64(), first["kind"].as_str()), (Some(1), Some("product")));
    assert_eq!(accepted(post(&api, "/v1/subjects", &subject("cup"), "k").await).await, first, "sent again");
    let (code, _) = refusal(post(&api, "/v1/subjects", &subject("mug"), "k").await, StatusCode::CONFLICT).await;
    assert_eq!(code, "conflict");
    refusal(post(&api, "/v1/subjects", &subject("cup"), "other").await, StatusCode::CONFLICT).await;

    let brief = |name: &str| json!({"deliverables": ["amazon-main"], "subjects": [{"profile": name}]});
    let (_, faults) = refusal(api.submit(&brief("cup")).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["subjects[0].profile: `cup` is still being profiled"]);
    profiled(&api, &first, true).await;
    let shown = api.get("/v1/subjects/cup").await;
    assert_eq!((shown["status"].as_str(), shown["current"].as_i64()), (Some("profiled"), Some(1)));
    assert_eq!(shown["profile"]["self_similarity"], json!(0.75));
    assert_eq!(shown["profile"]["pictures"][0]["verdict"], "good");
    assert!(shown["profile"]["pictures"][0]["url"].as_str().unwrap().starts_with("http"));

    // A second version that comes to nothing changes nothing: the first is the one that counts.
    let body = json!({"references": [{"data": PIXEL}]});
    let second = accepted(post(&api, "/v1/subjects/cup/versions", &body, "").await).await;
    assert_eq!(second["version"], 2);
    profiled(&api, &second, false).await;
    let (_, faults) = refusal(api.submit(&brief("cup@2")).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["subjects[0].profile: `cup@2` was rejected: none of its references can be used"]);
    let (_, faults) = refusal(api.submit(&brief("cup@9")).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["subjects[0].profile: there is no version `cup@9`"]);
    let job = api.accepted(&brief("cup")).await;
    let view = api.store.job(TenantId::DEFAULT, job.id.into()).await.unwrap();
    assert_eq!(view.brief["subjects"][0]["profile"], "cup@1", "pinned");

    let gone = api.request(Method::DELETE, "/v1/subjects/cup").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    refusal(api.request(Method::GET, "/v1/subjects/cup").send().await.unwrap(), StatusCode::NOT_FOUND).await;
    let (_, faults) = refusal(api.submit(&brief("cup@1")).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["subjects[0].profile: `cup` is not a profile of yours"]);
    // A name that comes back goes on counting, so that what was pinned is never another.
    let third = accepted(post(&api, "/v1/subjects", &subject("cup"), "").await).await;
    assert_eq!(third["version"], 3);
    api.stop().await;
}

#[tokio::test]
async fn another_tenants_subject_answers_as_one_that_does_not_exist() {
    let api = Api::start().await;
    let version = accepted(post(&api, "/v1/subjects", &subject("cup"), "").await).await;
    profiled(&api, &version, true).await;
    let picture = json!({"picture": {"data": PIXEL}});
    let test = accepted(post(&api, "/v1/subjects/cup/test", &picture, "").await).await;
    let test_url = test["status_url"].as_str().unwrap();
    assert_eq!(api.get(test_url).await["status"], "requested");

    let other = api.store.create_tenant("other", "Other").await.unwrap();
    let stranger = add_key(&api.store, other).await;
    let ask = |method: Method, path: &str| api.anonymous(method, path).bearer_auth(stranger.reveal());
    for (method, path) in [
        (Method::GET, "/v1/subjects/cup"),
        (Method::GET, "/v1/subjects/cup@1"),
        (Method::DELETE, "/v1/subjects/cup"),
        (Method::GET, test_url),
    ] {
        refusal(ask(method, path).send().await.unwrap(), StatusCode::NOT_FOUND).await;
    }
    for path in ["/v1/subjects/cup/versions", "/v1/subjects/cup/test"] {
        refusal(ask(Method::POST, path).json(&picture).send().await.unwrap(), StatusCode::NOT_FOUND).await;
    }
    let list: Value = ask(Method::GET, "/v1/subjects").send().await.unwrap().json().await.unwrap();
    assert_eq!(list, json!({"subjects": []}));
    let brief = json!({"deliverables": ["amazon-main"], "subjects": [{"profile": "cup"}]});
    let refused = ask(Method::POST, "/v1/jobs").json(&brief).send().await.unwrap();
    let (_, faults) = refusal(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["subjects[0].profile: `cup` is not a profile of yours"]);
    // The same name is free for everybody.
    let own = ask(Method::POST, "/v1/subjects").json(&subject("cup")).send().await.unwrap();
    assert_eq!(accepted(own).await["version"], 1);
    assert_eq!(api.get("/v1/subjects").await["subjects"][0]["current"], 1);
    api.stop().await;
}

#[tokio::test]
async fn a_bad_request_names_its_field() {
    let api = Api::start().await;
    let many: Vec<Value> = (0..15).map(|_| json!({"data": PIXEL})).collect();
    for (body, said) in [
        (json!({"name": "A Cup", "references": [{"data": PIXEL}]}), "name: `A Cup` is not a name"),
        (json!({"name": "cup", "references": []}), "references: is 0, must be 1 to 14"),
        (json!({"name": "cup", "references": many}), "references: is 15, must be 1 to 14"),
        (json!({"name": "cup", "kind": "thing", "references": []}), "kind: unknown variant"),
        (json!({"name": "cup", "references": [{"data": "JVBERi0xLjQ="}]}), "references[0].data: "),
        (json!({"name": "cup", "references": [{"blob": "../x"}]}), "references[0].blob: is not a blob of yours"),
    ] {
        let response = post(&api, "/v1/subjects", &body, "").await;
        let (code, faults) = refusal(response, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid_subject");
        assert!(faults[0].starts_with(said), "{said}: {faults:?}");
    }
    refusal(post(&api, "/v1/subjects/cup/versions", &subject("cup"), "").await, StatusCode::NOT_FOUND).await;
    assert_eq!(api.get("/v1/subjects").await, json!({"subjects": []}));
    api.stop().await;
}
