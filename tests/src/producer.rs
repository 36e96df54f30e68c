use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::JobId;
use cavendish_imaging::{Format, Metadata, Target, encode, image};
use cavendish_messages::topology;
use cavendish_testkit::{TestWorld, wait_until};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};
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
        self.post("job.requested", event.as_bytes()).await;
        JobId::of_event(SOURCE, event_id)
    }

    /// Publishes references of a subject under an event id as soon as a queue takes it.
    pub async fn request_subject(&self, event_id: &str, data: &Value) {
        let event = json!({
            "specversion": "1.0", "id": event_id, "source": SOURCE, "type": "cavendish.subject.requested.v1",
            "datacontenttype": "application/json", "data": data,
        });
        self.post("subject.requested", event.to_string().as_bytes()).await;
    }

    /// Publishes any bytes on the line as soon as a queue takes them: it may not be declared yet.
    pub async fn post(&self, routing_key: &str, body: &[u8]) {
        wait_until(&format!("a queue for {routing_key}"), Duration::from_secs(90), async || {
            matches!(self.publish(routing_key, body).await, Ok(true))
        })
        .await;
    }

    /// Publishes any bytes on the line; says whether a queue took them. Over AMQP, as producers do: the management
    /// API waits five seconds for a confirm, which a busy disk exceeds. A refused message was not kept, and is tried
    /// again.
    ///
    /// # Errors
    /// When the broker does not answer, or keeps refusing for a minute.
    pub async fn publish(&self, routing_key: &str, body: &[u8]) -> Result<bool> {
        let attempts = async {
            let connection = Connection::connect(&self.world.vhost.url(), ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            let properties = BasicProperties::default()
                .with_delivery_mode(2)
                .with_content_type("application/cloudevents+json".into());
            loop {
                let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                let (line, key) = (topology::LINE.into(), routing_key.into());
                match channel.basic_publish(line, key, options, body, properties.clone()).await?.await? {
                    Confirmation::Ack(returned) => return anyhow::Ok(returned.is_none()),
                    refused => tracing::warn!(?refused, routing_key, "the broker refused a message"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), attempts).await.context("publishing took over a minute")?
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
    let file = encode(&photo, &Target::of(Format::Png), &Metadata::default())?;
    Ok(STANDARD.encode(file.bytes))
}

/// A photograph of a red square on white, PNG, base64.
#[must_use]
pub fn photo() -> &'static str {
    include_str!("photo.b64").trim()
}
