//! The relay: takes committed events from the outbox and publishes them, confirmed. Each service runs one; rows are
//! leased, so they share the work without knowing of each other.

use crate::broker::{self, BrokerError};
use crate::topology::declare_topology;
use cavendish_domain::JobId;
use cavendish_messages::topology::{EVENTS, LINE, event_key};
use cavendish_messages::{Envelope, EventType};
use cavendish_store::{OutboxRow, Store};
use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Rows per round, which is also the number of confirms in flight.
const BATCH: i64 = 512;
/// A relay that dies in the middle of a round gives its rows back after this.
const LEASE: Duration = Duration::from_secs(10);
/// How often the outbox is looked at unasked: delayed retries and the rows of relays that died.
const POLL: Duration = Duration::from_millis(200);

/// An event for whoever listens right now; not stored, may be lost.
#[derive(Debug, Clone)]
pub struct Notice {
    routing_key: String,
    body: String,
}

impl Notice {
    /// A notice about a job.
    pub fn new(tenant: &str, event: EventType, job: JobId, data: &impl Serialize) -> Self {
        Self { routing_key: event_key(tenant, event), body: Envelope::new(event, job, data).encode() }
    }
}

/// Wakes the relay and passes notices to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RelayHandle {
    wake: Arc<Notify>,
    notices: mpsc::Sender<Notice>,
}

impl RelayHandle {
    /// Says that the outbox has something.
    pub fn poke(&self) {
        self.wake.notify_one();
    }

    /// Publishes a notice, unless the broker is away or far behind.
    pub fn notify(&self, notice: Notice) {
        // A full channel means a slow broker: progress is the first thing to go.
        let _ = self.notices.try_send(notice);
    }
}

/// The relay's task.
#[derive(Debug)]
pub struct Relay {
    store: Store,
    wake: Arc<Notify>,
    notices: Mutex<mpsc::Receiver<Notice>>,
}

impl Relay {
    /// Starts a relay that runs until `shutdown` and publishes what is due by then.
    #[must_use]
    pub fn start(store: Store, amqp_url: String, shutdown: CancellationToken) -> (RelayHandle, JoinHandle<()>) {
        let wake = Arc::new(Notify::new());
        let (sender, receiver) = mpsc::channel(1024);
        let relay = Self { store, wake: wake.clone(), notices: Mutex::new(receiver) };
        let task = tokio::spawn(async move {
            broker::supervise("relay", &shutdown, || relay.session(&amqp_url, &shutdown)).await;
        });
        (RelayHandle { wake, notices: sender }, task)
    }

    async fn session(&self, url: &str, shutdown: &CancellationToken) -> Result<(), BrokerError> {
        let connection = broker::connect(url, "relay").await?;
        let channel = connection.create_channel().await?;
        declare_topology(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let loose = connection.create_channel().await?;
        let mut notices = self.notices.lock().await;
        loop {
            let moved = self.round(&channel).await?;
            if moved > 0 {
                continue;
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    self.round(&channel).await?;
                    let _ = connection.close(200, "OK".into()).await;
                    return Ok(());
                }
                () = self.wake.notified() => {}
                Some(notice) = notices.recv() => publish_notice(&loose, &notice).await?,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Publishes one batch and deletes what was confirmed; says how many rows there were.
    async fn round(&self, channel: &Channel) -> Result<usize, BrokerError> {
        let rows = match self.store.lease_outbox(BATCH, LEASE).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "outbox unreadable");
                tokio::time::sleep(POLL).await;
                return Ok(0);
            }
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let mut confirms = Vec::with_capacity(rows.len());
        for row in &rows {
            confirms.push(publish(channel, row).await?);
        }
        let mut confirmed = Vec::with_capacity(rows.len());
        for (row, confirm) in rows.iter().zip(join_all(confirms).await) {
            match confirm? {
                Confirmation::Ack(None) => confirmed.push(row.id),
                Confirmation::Ack(Some(returned)) => {
                    tracing::error!(row.routing_key, reason = %returned.reply_text, "message returned as unroutable");
                    metrics::counter!("cavendish_outbox_returned_total").increment(1);
                }
                Confirmation::Nack(_) | Confirmation::NotRequested => {
                    tracing::warn!(row.routing_key, "message not confirmed; it will be sent again");
                }
            }
        }
        if let Err(error) = self.store.delete_outbox(&confirmed).await {
            tracing::warn!(%error, "confirmed events could not be deleted; they will be sent again");
        }
        metrics::counter!("cavendish_outbox_published_total").increment(confirmed.len() as u64);
        Ok(rows.len())
    }
}

async fn publish(channel: &Channel, row: &OutboxRow) -> Result<lapin::PublisherConfirm, lapin::Error> {
    let mut headers = FieldTable::default();
    if let Some(traceparent) = &row.traceparent {
        headers.insert("traceparent".into(), AMQPValue::LongString(LongString::from(traceparent.as_str())));
    }
    let properties = BasicProperties::default()
        .with_content_type(Envelope::CONTENT_TYPE.into())
        .with_delivery_mode(2)
        .with_message_id(row.event_id.as_str().into())
        .with_headers(headers);
    // On the line a message without a queue is a failure; on the events exchange nobody needs to listen.
    let options = BasicPublishOptions { mandatory: row.exchange == LINE, ..Default::default() };
    let (exchange, key) = (row.exchange.as_str().into(), row.routing_key.as_str().into());
    channel.basic_publish(exchange, key, options, row.body.as_bytes(), properties).await
}

async fn publish_notice(channel: &Channel, notice: &Notice) -> Result<(), lapin::Error> {
    let properties = BasicProperties::default().with_content_type(Envelope::CONTENT_TYPE.into());
    let key = notice.routing_key.as_str().into();
    channel
        .basic_publish(EVENTS.into(), key, BasicPublishOptions::default(), notice.body.as_bytes(), properties)
        .await
        .map(drop)
}
