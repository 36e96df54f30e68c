use cavendish_domain::TenantId;
use cavendish_gateway::api::{ErrorBody, JobAccepted};
use cavendish_gateway::keys::Key;
use cavendish_gateway::{Gateway, GatewayConfig, GatewayHandle, HttpConfig};
use cavendish_service_kit::{BrokerConfig, CancellationToken, DatabaseConfig};
use cavendish_specs::SpecsConfig;
use cavendish_store::Store;
use cavendish_testkit::TestWorld;
use cavendish_typesetting::TypeConfig;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Bytes of a body that the gateway under test takes.
pub(crate) const MAX_BODY: usize = 300_000;
/// For what should take milliseconds.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A gateway on servers of its own, and a client with a key of tenant `default`.
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) key: Key,
    pub(crate) world: TestWorld,
    http: reqwest::Client,
    gateway: GatewayHandle,
    shutdown: CancellationToken,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// With a configuration that `change` has seen.
    pub(crate) async fn start_with(change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let world = TestWorld::create().await.unwrap();
        let mut config = GatewayConfig {
            database: DatabaseConfig { url: world.database_url.clone(), max_connections: 4 },
            broker: BrokerConfig { url: world.amqp_url.clone() },
            blobs: world.blobs_config.clone(),
            specs: SpecsConfig::default(),
            typesetting: TypeConfig::default(),
            imaging: cavendish_intake::ImagingConfig::default(),
            gateway: HttpConfig {
                listen: ([127, 0, 0, 1], 0).into(),
                max_body_bytes: MAX_BODY,
                ..HttpConfig::default()
            },
        };
        change(&mut config);
        let shutdown = CancellationToken::new();
        let gateway = Gateway::start(config, shutdown.clone()).await.unwrap();
        let store = world.store().await.unwrap();
        let http = reqwest::Client::builder().timeout(SOON).build().unwrap();
        let key = add_key(&store, TenantId::DEFAULT).await;
        Self { store, key, world, http, gateway, shutdown }
    }

    /// A request with the key of tenant `default`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(self.key.reveal())
    }

    /// A request without a key.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.gateway.url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn submit(&self, brief: &Value) -> Response {
        self.request(Method::POST, "/v1/jobs").json(brief).send().await.unwrap()
    }

    /// Submits a brief that is accepted.
    pub(crate) async fn accepted(&self, brief: &Value) -> JobAccepted {
        let response = self.submit(brief).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        response.json().await.unwrap()
    }

    /// Stops the gateway as SIGTERM does.
    pub(crate) async fn stop(self) -> TestWorld {
        self.shutdown.cancel();
        tokio::time::timeout(SOON, self.gateway.stopped()).await.expect("the gateway stops").unwrap();
        self.world
    }
}

/// A new key of `tenant`.
pub(crate) async fn add_key(store: &Store, tenant: TenantId) -> Key {
    let key = Key::generate();
    store.add_key(tenant, "test", key.shown(), &key.hash()).await.unwrap();
    key
}

pub(crate) fn brief() -> Value {
    json!({"prompt": "a hamburger", "deliverables": ["amazon-main"]})
}

/// The code of a refusal, and its faults as `field: reason`.
pub(crate) async fn refusal(response: Response, status: StatusCode) -> (String, Vec<String>) {
    let (found, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(found, status, "{text}");
    let ErrorBody { error } = serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    assert!(!error.message.is_empty());
    (error.code, error.errors.into_iter().map(|fault| format!("{}: {}", fault.field, fault.reason)).collect())
}
