use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::JobId;
use cavendish_imaging::{Format, Metadata, Quality, encode, image};
use cavendish_messages::topology;
use cavendish_testkit::{TestWorld, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody who publishes `job.requested` and knows nothing of Cavendish but the contract.
#[derive(Debug, Clone, Copy)]
pub struct Producer<'a> {
    world: &'a TestWorld,
}

/// The name this producer goes by.
const SOURCE: &str = "/tests/producer";

impl<'a> Producer<'a> {
    /// A producer in `world`.
    #[must_use]
    pub fn new(world: &'a TestWorld) -> Self {
        Self { world }
    }

    /// Publishes a brief under an event id as soon as a queue takes it, and says which job it will be: the line may
    /// not be declared yet.
    pub async fn request(&self, event_id: &str, brief: &Value) -> JobId {
        let event = envelope(event_id, brief).to_string();
        wait_until("a queue for job.requested", Duration::from_secs(90), async || {
            matches!(self.publish("job.requested", &event).await, Ok(true))
        })
        .await;
        JobId::of_event(SOURCE, event_id)
    }

    /// Publishes references of a subject under an event id as soon as a queue takes it.
    pub async fn request_subject(&self, event_id: &str, data: &Value) {
        let event = json!({
            "specversion": "1.0", "id": event_id, "source": SOURCE, "type": "cavendish.subject.requested.v1",
            "datacontenttype": "application/json", "data": data,
        });
        let event = event.to_string();
        wait_until("a queue for subject.requested", Duration::from_secs(90), async || {
            matches!(self.publish("subject.requested", &event).await, Ok(true))
        })
        .await;
    }

    /// Publishes any text on the line; says whether a queue took it.
    ///
    /// # Errors
    /// When the management API does not answer.
    pub async fn publish(&self, routing_key: &str, text: &str) -> Result<bool> {
        self.publish_encoded(routing_key, text, "string").await
    }

    /// Publishes base64-encoded bytes on the line.
    ///
    /// # Errors
    /// When the management API does not answer.
    pub async fn publish_base64(&self, routing_key: &str, base64: &str) -> Result<bool> {
        self.publish_encoded(routing_key, base64, "base64").await
    }

    async fn publish_encoded(&self, routing_key: &str, payload: &str, encoding: &str) -> Result<bool> {
        let body = json!({
            "properties": {"delivery_mode": 2, "content_type": "application/cloudevents+json"},
            "routing_key": routing_key, "payload": payload, "payload_encoding": encoding,
        });
        let path = ["exchanges", self.world.vhost.name(), topology::LINE, "publish"];
        let answer = self.world.vhost.call(Method::POST, &path, &body).await?;
        Ok(answer["routed"] == json!(true))
    }
}

fn envelope(event_id: &str, brief: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": event_id, "source": SOURCE, "type": "cavendish.job.requested.v1",
        "datacontenttype": "application/json", "data": {"tenant": "default", "brief": brief},
    })
}

/// A small brief that the fake renderer can serve.
#[must_use]
pub fn brief(prompt: &str) -> Value {
    json!({"prompt": prompt, "deliverables": ["tiktok-square"], "seed": 7})
}

/// A photograph of a square of this colour on white, PNG, base64.
///
/// # Errors
/// When it cannot be encoded.
pub fn photo_of(colour: [u8; 3]) -> Result<String> {
    let inside = |x: u32, y: u32| (60..180).contains(&x) && (60..180).contains(&y);
    let pixel = |x, y| image::Rgb(if inside(x, y) { colour } else { [255; 3] });
    let photo = image::RgbImage::from_fn(240, 240, pixel);
    let file = encode(&photo, Format::Png, None, Quality::default(), &Metadata::default())?;
    Ok(STANDARD.encode(file.bytes))
}

/// A photograph of a red square on white, PNG, base64.
#[must_use]
pub fn photo() -> &'static str {
    include_str!("photo.b64").trim()
}
