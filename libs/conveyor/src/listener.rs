//! Everything on `cavendish.events`, for server-sent events and webhooks.

use crate::broker::{self, BrokerError};
use crate::topology::declare_topology;
use cavendish_messages::Envelope;
use cavendish_messages::topology::EVENTS;
use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, Consumer};
use std::sync::Arc;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// A live feed of events, for as long as the broker is there. Events sent while it is away are missed: whoever must
/// not miss any reads the job's history from Postgres.
#[derive(Debug, Clone)]
pub struct Listener {
    feed: broadcast::Sender<Arc<Envelope>>,
}

impl Listener {
    /// Starts listening until `shutdown`.
    #[must_use]
    pub fn start(amqp_url: String, shutdown: CancellationToken) -> Self {
        let (feed, _) = broadcast::channel(1024);
        let sender = feed.clone();
        tokio::spawn(async move {
            broker::supervise("listener", &shutdown, || session(&amqp_url, &sender, &shutdown)).await;
        });
        Self { feed }
    }

    /// A receiver of what comes from now on; a slow one loses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Envelope>> {
        self.feed.subscribe()
    }
}

async fn session(
    url: &str,
    feed: &broadcast::Sender<Arc<Envelope>>,
    shutdown: &CancellationToken,
) -> Result<(), BrokerError> {
    let connection = broker::connect(url, "listener").await?;
    let mut consumer = broker::answered(consume(&connection)).await?;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            delivery = consumer.next() => match delivery {
                Some(delivery) => {
                    if let Ok(envelope) = Envelope::decode(&delivery?.data) {
                        // Nobody may be subscribed right now.
                        let _ = feed.send(Arc::new(envelope));
                    }
                }
                None => return Err(BrokerError::ConsumerEnded(Default::default())),
            }
        }
    }
}

/// Everything on the events exchange, to a queue of its own.
async fn consume(connection: &Connection) -> Result<Consumer, BrokerError> {
    let channel = connection.create_channel().await?;
    declare_topology(&channel).await?;
    let queue =
        channel.queue_declare("".into(), QueueDeclareOptions::exclusive().auto_delete(), FieldTable::default()).await?;
    let name = queue.name().clone();
    channel
        .queue_bind(name.clone(), EVENTS.into(), "#".into(), QueueBindOptions::default(), FieldTable::default())
        .await?;
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    Ok(channel.basic_consume(name, "listener".into(), options, FieldTable::default()).await?)
}
