//! The relay: publishes committed events, confirmed, and deletes them from the outbox. Each service runs one. It sends
//! what its own process commits as soon as it is in, and looks for what is due besides: delayed retries, and what
//! processes that died left behind. Rows are leased, so relays share the work without knowing of each other.

use crate::broker::{self, BrokerError};
use crate::flight::Flight;
use crate::topology::declare_topology;
use cavendish_domain::JobId;
use cavendish_messages::topology::{EVENTS, event_key};
use cavendish_messages::{Envelope, EventType};
use cavendish_store::{Handover, Store};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Connection};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Rows per look at the outbox.
const BATCH: i64 = 512;
/// Confirms awaited at once; beyond that nothing more is taken on.
const IN_FLIGHT: usize = 4096;
/// A relay that dies gives the rows that it found in the outbox back after this.
const LEASE: Duration = Duration::from_secs(10);
/// How often the outbox is looked at unasked.
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
    /// Has the outbox looked at now. What this store's own transactions put into it is sent without asking.
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
    inflow: Mutex<Inflow>,
}

/// What comes in from this process.
#[derive(Debug)]
struct Inflow {
    notices: mpsc::Receiver<Notice>,
    handovers: mpsc::Receiver<Handover>,
}

impl Relay {
    /// Starts a relay that runs until `shutdown` and publishes what is due by then.
    #[must_use]
    pub fn start(store: Store, amqp_url: String, shutdown: CancellationToken) -> (RelayHandle, JoinHandle<()>) {
        let wake = Arc::new(Notify::new());
        let (sender, receiver) = mpsc::channel(1024);
        // A second relay on one store only looks after what nobody else sends.
        let handovers = store.handovers().unwrap_or_else(|| mpsc::channel(1).1);
        let inflow = Mutex::new(Inflow { notices: receiver, handovers });
        let relay = Self { store, wake: wake.clone(), inflow };
        let task = tokio::spawn(async move {
            broker::supervise("relay", &shutdown, || relay.session(&amqp_url, &shutdown)).await;
        });
        (RelayHandle { wake, notices: sender }, task)
    }

    async fn session(&self, url: &str, shutdown: &CancellationToken) -> Result<(), BrokerError> {
        let connection = broker::connect(url, "relay").await?;
        let (channel, loose) = broker::answered(channels(&connection)).await?;
        let mut inflow = self.inflow.lock().await;
        let Inflow { notices, handovers } = &mut *inflow;
        let mut flight = Flight::new(&self.store, &channel);
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let room = flight.len() < IN_FLIGHT;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = poll.tick(), if room => self.look(&mut flight).await?,
                () = self.wake.notified(), if room => self.look(&mut flight).await?,
                Some(handover) = handovers.recv(), if room => take(&mut flight, handover).await?,
                landed = flight.advance(), if !flight.is_landed() => landed?,
                Some(notice) = notices.recv() => publish_notice(&loose, &notice).await?,
            }
        }
        while let Ok(handover) = handovers.try_recv() {
            take(&mut flight, handover).await?;
        }
        self.look(&mut flight).await?;
        while !flight.is_landed() {
            flight.advance().await?;
        }
        let _ = connection.close(200, "OK".into()).await;
        Ok(())
    }

    /// Takes what is due from the outbox: delayed retries, and what relays that died left behind.
    async fn look(&self, flight: &mut Flight<'_>) -> Result<(), BrokerError> {
        match self.store.lease_outbox(BATCH, LEASE).await {
            Ok(rows) => {
                if rows.len() as i64 == BATCH {
                    self.wake.notify_one();
                }
                flight.send(rows).await
            }
            Err(error) => {
                tracing::warn!(%error, "outbox unreadable");
                Ok(())
            }
        }
    }
}

/// A channel with confirms for what must arrive, and one for notices.
async fn channels(connection: &Connection) -> Result<(Channel, Channel), BrokerError> {
    let channel = connection.create_channel().await?;
    declare_topology(&channel).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok((channel, connection.create_channel().await?))
}

/// Sends what this process has just committed, unless that is so long ago that another relay may have found it.
async fn take(flight: &mut Flight<'_>, handover: Handover) -> Result<(), BrokerError> {
    if handover.is_stale() {
        return Ok(());
    }
    flight.send(handover.rows).await
}

async fn publish_notice(channel: &Channel, notice: &Notice) -> Result<(), lapin::Error> {
    let properties = BasicProperties::default().with_content_type(Envelope::CONTENT_TYPE.into());
    let key = notice.routing_key.as_str().into();
    channel
        .basic_publish(EVENTS.into(), key, BasicPublishOptions::default(), notice.body.as_bytes(), properties)
        .await
        .map(drop)
}
