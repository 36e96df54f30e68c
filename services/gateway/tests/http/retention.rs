//! Files that are deleted, and renders that are finished anew: what the doors say.

use crate::world::{Api, brief, refusal};
use reqwest::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn files_are_deleted_by_their_owner_only() {
    let api = Api::start().await;
    let job = api.accepted(&brief()).await.id;
    let delete = async |path: String| api.request(Method::DELETE, &path).send().await.unwrap();
    let none = delete(format!("/v1/jobs/{job}/assets")).await;
    assert_eq!(none.status(), StatusCode::OK);
    assert_eq!(none.json::<serde_json::Value>().await.unwrap(), json!({"deleted": 0}));
    for path in [
        format!("/v1/jobs/{}/assets", Uuid::new_v4()),
        format!("/v1/jobs/{job}/assets/{}", Uuid::new_v4()),
        format!("/v1/jobs/{job}/assets/none"),
    ] {
        assert_eq!(delete(path.clone()).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn only_renders_of_ones_own_are_finished_anew() {
    let api = Api::start().await;
    let job = api.accepted(&brief()).await.id;
    let again = |job: Uuid| json!({"renders_of": job, "deliverables": ["meta-story"]});
    let refused = async |job| refusal(api.submit(&again(job)).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    let (code, faults) = refused(Uuid::new_v4()).await;
    assert_eq!((code.as_str(), faults), ("invalid_brief", vec!["renders_of: is no job of yours".to_owned()]));
    let (_, faults) = refused(job).await;
    assert!(faults[0].starts_with("renders_of: 0 of the 0 renders"), "{faults:?}");
}
