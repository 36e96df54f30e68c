//! Who may see what.

use crate::world::{Api, add_key, brief, refusal};
use cavendish_domain::{JobId, TenantId};
use cavendish_gateway::keys::Key;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

#[tokio::test]
async fn without_a_good_key_nothing_is_served() {
    let api = Api::start().await;
    let revoked = add_key(&api.store, TenantId::DEFAULT).await;
    let id = api.store.keys().await.unwrap().into_iter().find(|key| key.prefix == revoked.shown()).unwrap().id;
    api.store.revoke_key(id).await.unwrap();
    for (method, path) in [(Method::POST, "/v1/jobs"), (Method::GET, "/v1/jobs"), (Method::GET, "/v1/jobs/x/events")] {
        let (code, _) =
            refusal(api.anonymous(method.clone(), path).send().await.unwrap(), StatusCode::UNAUTHORIZED).await;
        assert_eq!(code, "unauthorized");
        for key in [Key::generate().reveal(), revoked.reveal(), "sk_something", "cav_ümlaut"] {
            let request = api.anonymous(method.clone(), path).header("x-api-key", key.as_bytes());
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            refusal(response, StatusCode::UNAUTHORIZED).await;
        }
    }
    let plain = api.anonymous(Method::GET, "/v1/jobs").header("x-api-key", api.key.reveal());
    assert_eq!(plain.send().await.unwrap().status(), StatusCode::OK);
    for open in ["/healthz", "/v1/specs", "/v1/specs/amazon-main"] {
        assert_eq!(api.anonymous(Method::GET, open).send().await.unwrap().status(), StatusCode::OK, "{open}");
    }
    api.stop().await;
}

#[tokio::test]
async fn a_job_of_another_tenant_answers_as_one_that_does_not_exist() {
    let api = Api::start().await;
    let other = api.store.create_tenant("other", "Other").await.unwrap();
    let stranger = add_key(&api.store, other).await;
    let theirs = api.accepted(&brief()).await.id.to_string();
    let mut said = Vec::new();
    for id in [theirs.as_str(), &JobId::new().to_string(), "not-an-id"] {
        for (method, path) in [(Method::GET, ""), (Method::GET, "/events"), (Method::POST, "/cancel")] {
            let request = api.anonymous(method, &format!("/v1/jobs/{id}{path}")).bearer_auth(stranger.reveal());
            said.push(refusal(request.send().await.unwrap(), StatusCode::NOT_FOUND).await);
        }
    }
    assert!(said.iter().all(|answer| *answer == said[0]), "{said:?}");
    let list = api.anonymous(Method::GET, "/v1/jobs").bearer_auth(stranger.reveal()).send().await.unwrap();
    assert_eq!(list.json::<serde_json::Value>().await.unwrap(), json!({"jobs": []}));
    assert_eq!(api.get(&format!("/v1/jobs/{theirs}")).await["status"], "queued", "nobody else cancelled it");
    api.stop().await;
}

#[tokio::test]
async fn a_key_is_neither_stored_nor_logged() {
    let logs = logs();
    let api = Api::start().await;
    let job = api.accepted(&brief()).await;
    let mistyped = format!("{}x", api.key.reveal());
    let request = api.anonymous(Method::GET, "/v1/jobs").bearer_auth(&mistyped);
    refusal(request.send().await.unwrap(), StatusCode::UNAUTHORIZED).await;

    let (tenant, id) = (TenantId::DEFAULT, job.id.into());
    let stored = serde_json::to_string(&(
        api.store.keys().await.unwrap(),
        api.store.job(tenant, id).await.unwrap(),
        api.store.history(tenant, id, 0).await.unwrap(),
    ))
    .unwrap();
    let key = api.key.clone();
    api.stop().await;
    let logged = String::from_utf8(logs.lock().unwrap().clone()).unwrap();
    assert!(stored.contains(key.shown()) && logged.contains("job accepted"));
    // What is shown of a key is its beginning; nothing of what follows may be anywhere.
    let secret = &key.reveal()[key.shown().len()..];
    assert!(!stored.contains(secret) && !logged.contains(secret));
}

/// Everything that this process logs, at every level.
fn logs() -> Arc<Mutex<Vec<u8>>> {
    static LOGS: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    let logs = LOGS.get_or_init(|| {
        let logs = Arc::<Mutex<Vec<u8>>>::default();
        let writer = Writer(Arc::clone(&logs));
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        subscriber.with_writer(move || writer.clone()).init();
        logs
    });
    Arc::clone(logs)
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
