//! Specs of an installation's own: who may see them, and who may ask for them.

use crate::world::{Api, add_key, refusal};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;

fn file(network: &str, id: &str) -> String {
    format!(
        "network = '{network}'\nversion = 1\nsource = 'house style'\nread_on = '2026-09'\n\
         [[spec]]\nid = '{id}'\ntitle = 't'\nsize = {{ width = 600, height = 200 }}\nformats = ['png']\n"
    )
}

#[tokio::test]
async fn a_tenants_own_specs_are_for_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("default")).unwrap();
    fs::write(folder.path().join("house.toml"), file("house", "house-banner")).unwrap();
    fs::write(folder.path().join("default/ads.toml"), file("acme", "acme-hero")).unwrap();
    let api = Api::start_with(|config| config.specs.dir = Some(folder.path().to_owned())).await;
    let stranger = add_key(&api.store, api.store.create_tenant("other", "Other").await.unwrap()).await;
    let brief = json!({"prompt": "a hamburger", "deliverables": ["house-banner", "acme-hero", "amazon-main"]});
    api.accepted(&brief).await;

    let request = api.anonymous(Method::POST, "/v1/jobs").bearer_auth(stranger.reveal()).json(&brief);
    let (_, faults) = refusal(request.send().await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(faults, ["deliverables[1].spec: unknown spec `acme-hero`"]);

    let list = api.get("/v1/specs").await;
    let has = |list: &Value, id: &str| list["specs"].as_array().unwrap().iter().any(|spec| spec["id"] == id);
    assert!(has(&list, "acme-hero") && has(&list, "house-banner") && has(&list, "ratio-16x9-2k"));
    assert_eq!(api.get("/v1/specs/acme-hero").await["version"], 1);
    let open: Value = api.anonymous(Method::GET, "/v1/specs").send().await.unwrap().json().await.unwrap();
    assert!(has(&open, "house-banner") && !has(&open, "acme-hero"));
    for request in [
        api.anonymous(Method::GET, "/v1/specs/acme-hero"),
        api.anonymous(Method::GET, "/v1/specs/acme-hero").bearer_auth(stranger.reveal()),
    ] {
        refusal(request.send().await.unwrap(), StatusCode::NOT_FOUND).await;
    }
    let wrong = api.anonymous(Method::GET, "/v1/specs").header("x-api-key", "cav_nonsense");
    refusal(wrong.send().await.unwrap(), StatusCode::UNAUTHORIZED).await;
    api.stop().await;
}
