//! What the broker itself gave up on (delivery limit) is moved from the dead-letter queue to Postgres, where people
//! look. Its claim, if any, still waits in Postgres and is dead-lettered with it.

use crate::broker::{self, BrokerError};
use crate::topology::declare_topology;
use cavendish_domain::{Lane, Stage};
use cavendish_messages::Envelope;
use cavendish_messages::topology::{DEAD_QUEUE, queue};
use cavendish_store::{NewDeadLetter, Store};
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, Consumer};
use tokio_util::sync::CancellationToken;

/// Runs until `shutdown`.
pub(crate) async fn run(store: Store, amqp_url: String, shutdown: CancellationToken) {
    broker::supervise("dead letters", &shutdown, || session(&store, &amqp_url, &shutdown)).await;
}

async fn session(store: &Store, url: &str, shutdown: &CancellationToken) -> Result<(), BrokerError> {
    let connection = broker::connect(url, "dead letters").await?;
    let mut consumer = broker::answered(consume(&connection)).await?;
    loop {
        let delivery = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            delivery = consumer.next() => delivery.ok_or(BrokerError::ConsumerEnded(Lane::default()))??,
        };
        match store.bury_message(&letter(&delivery)).await {
            Ok(()) => drop(delivery.acker.ack(BasicAckOptions::default()).await),
            Err(error) => {
                tracing::warn!(%error, "dead letter could not be stored; trying again");
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                let _ = delivery.acker.nack(BasicNackOptions { requeue: true, multiple: false }).await;
            }
        }
    }
}

async fn consume(connection: &Connection) -> Result<Consumer, BrokerError> {
    let channel = connection.create_channel().await?;
    declare_topology(&channel).await?;
    channel.basic_qos(16, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    Ok(channel.basic_consume(DEAD_QUEUE.into(), "dead letters".into(), options, FieldTable::default()).await?)
}

fn letter(delivery: &Delivery) -> NewDeadLetter {
    let (stage, lane) = origin(delivery).unwrap_or((Stage::Ingest, Lane::Standard));
    let subject = Envelope::decode(&delivery.data).ok().and_then(|event| event.subject?.parse().ok());
    let reason = header(delivery, "x-first-death-reason").unwrap_or_else(|| "rejected".into());
    NewDeadLetter {
        stage,
        subject_id: subject,
        job_id: None,
        tenant_id: None,
        lane,
        detail: format!("the broker gave the message up: {reason}"),
        reason,
        failures: 0,
        body: Some(delivery.data.clone()),
    }
}

/// The stage queue that the message died in.
fn origin(delivery: &Delivery) -> Option<(Stage, Lane)> {
    let name = header(delivery, "x-first-death-queue")?;
    let stages = Stage::ALL.iter().flat_map(|stage| Lane::ALL.map(|lane| (*stage, lane)));
    stages.into_iter().find(|(stage, lane)| queue(*stage, *lane) == name)
}

fn header(delivery: &Delivery, name: &str) -> Option<String> {
    match delivery.properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        _ => None,
    }
}
