//! Photographs in briefs.

use crate::world::{Api, add_key, refusal};
use cavendish_blobs::BlobStore;
use cavendish_domain::{BlobKey, TenantId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn with(reference: Value) -> Value {
    json!({"deliverables": ["amazon-main"], "subjects": [{"references": [reference]}]})
}

#[tokio::test]
async fn an_inline_photograph_becomes_a_blob_and_postgres_keeps_its_key_only() {
    let api = Api::start().await;
    let job = api.accepted(&with(json!({"data": PIXEL}))).await;
    let view = api.store.job(TenantId::DEFAULT, job.id.into()).await.unwrap();
    assert!(!view.brief.to_string().contains(&PIXEL[..20]), "the row stays small");
    let kept = view.brief["subjects"][0]["references"][0]["blob"].clone();
    let key: BlobKey = serde_json::from_value(kept.clone()).unwrap();
    let bytes = api.world.blobs.get(&key, 1_000).await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));

    // A photograph that is there already can be named, by its owner.
    api.accepted(&with(json!({"blob": kept.clone()}))).await;
    let other = api.store.create_tenant("other", "Other").await.unwrap();
    let stranger = add_key(&api.store, other).await;
    let request =
        api.anonymous(Method::POST, "/v1/jobs").bearer_auth(stranger.reveal()).json(&with(json!({"blob": kept})));
    let (_, faults) = refusal(request.send().await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["subjects[0].references[0].blob: is not a blob of yours"]);
    api.stop().await;
}

#[tokio::test]
async fn what_is_no_photograph_is_refused_before_anything_is_stored() {
    let api = Api::start().await;
    for (data, reason) in [("!!!", "base64"), ("JVBERi0xLjQ=", ""), (&PIXEL[..20], "")] {
        let (_, faults) =
            refusal(api.submit(&with(json!({"data": data}))).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(faults[0].starts_with("subjects[0].references[0].data: "), "{data}: {faults:?}");
        assert!(faults[0].contains(reason), "{data}: {faults:?}");
    }
    assert_eq!(api.get("/v1/jobs").await, json!({"jobs": []}));
    api.stop().await;
}

#[tokio::test]
async fn a_repeated_request_may_not_bring_another_photograph() {
    let api = Api::start().await;
    let send = async |data: &str| {
        let request = api.request(Method::POST, "/v1/jobs").header("idempotency-key", "cup");
        request.json(&with(json!({"data": data}))).send().await.unwrap()
    };
    let first: Value = send(PIXEL).await.json().await.unwrap();
    let again: Value = send(PIXEL).await.json().await.unwrap();
    assert_eq!(first["id"], again["id"]);
    // Bytes after the end of a PNG do not make it less of one, but another file.
    let other = format!("{}AAAA", PIXEL.trim_end_matches('='));
    let (code, _) = refusal(send(&other).await, StatusCode::CONFLICT).await;
    assert_eq!(code, "conflict");
    api.stop().await;
}
