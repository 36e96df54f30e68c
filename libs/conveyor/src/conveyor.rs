//! A stage at work: wiring, the consuming session, and the drain.

use crate::broker::{self, BrokerError};
use crate::committer::{self, Finished};
use crate::config::ConveyorConfig;
use crate::dispatch::{Dispatcher, Parcel};
use crate::handler::Handler;
use crate::keeper::{self, Held};
use crate::lanes::Lanes;
use crate::relay::RelayHandle;
use crate::topology::declare_topology;
use crate::{dead_queue, probe};
use cavendish_domain::{Lane, OwnerId};
use cavendish_messages::topology::queue;
use cavendish_store::Store;
use futures::FutureExt;
use futures::stream::{self, BoxStream, SelectAll, StreamExt};
use lapin::Connection;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use std::sync::Arc;
use tokio::sync::{RwLock, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the parts of one running stage share.
pub(crate) struct Shared<H: Handler> {
    pub(crate) handler: H,
    pub(crate) store: Store,
    pub(crate) config: ConveyorConfig,
    pub(crate) owner: OwnerId,
    pub(crate) held: Held,
    pub(crate) relay: RelayHandle,
    pub(crate) permits: Arc<Semaphore>,
    /// Turns under suspicion of killing their worker take this alone; all others share it.
    pub(crate) room: Arc<RwLock<()>>,
    pub(crate) turns: TaskTracker,
    pub(crate) finished: mpsc::Sender<Finished<H::Output>>,
    /// Fires when the drain's patience ends.
    pub(crate) give_back: CancellationToken,
}

/// A stage at work.
pub struct Conveyor;

/// Waits for a conveyor's end.
#[derive(Debug)]
pub struct ConveyorHandle {
    task: JoinHandle<()>,
}

impl ConveyorHandle {
    /// Waits until the stage has drained. Turns in hand are finished or their claims given back unharmed.
    pub async fn drained(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "conveyor ended abnormally");
        }
    }
}

impl Conveyor {
    /// Starts consuming for `handler` until `shutdown`, then drains.
    #[must_use]
    pub fn start<H: Handler>(
        handler: H,
        store: Store,
        relay: RelayHandle,
        amqp_url: String,
        config: ConveyorConfig,
        shutdown: CancellationToken,
    ) -> ConveyorHandle {
        let (finished, inbox) = mpsc::channel(config.commit_batch.max(1) * 4);
        let shared = Arc::new(Shared {
            handler,
            store,
            owner: OwnerId::new(),
            held: Held::default(),
            relay,
            permits: Arc::new(Semaphore::new(config.concurrency.max(1))),
            room: Arc::default(),
            turns: TaskTracker::new(),
            finished,
            give_back: CancellationToken::new(),
            config,
        });
        ConveyorHandle { task: tokio::spawn(run(shared, amqp_url, shutdown, inbox)) }
    }
}

async fn run<H: Handler>(
    shared: Arc<Shared<H>>,
    amqp_url: String,
    shutdown: CancellationToken,
    inbox: mpsc::Receiver<Finished<H::Output>>,
) {
    if let Some(version) = probe(&amqp_url).await {
        match version.shortcoming() {
            Some(shortcoming) => tracing::error!(%version, shortcoming, "broker"),
            None => tracing::info!(stage = %H::STAGE, %version, "broker"),
        }
    }
    let upkeep = CancellationToken::new();
    let keeper = tokio::spawn(keeper::run(shared.clone(), upkeep.clone()));
    let committer = tokio::spawn(committer::run(shared.clone(), inbox, upkeep.clone()));
    let collector = tokio::spawn(dead_queue::run(shared.store.clone(), amqp_url.clone(), shutdown.clone()));
    let name = H::STAGE.as_str();
    broker::supervise(name, &shutdown, || session(&shared, &amqp_url, &shutdown)).await;
    // Every turn has handed its result to the committer or its claim back when the tracker is empty.
    drain(&shared).await;
    upkeep.cancel();
    let _ = tokio::join!(keeper, committer, collector);
    tracing::info!(stage = name, "drained");
}

/// Waits for the turns in hand, then gives back what is still running.
async fn drain<H: Handler>(shared: &Shared<H>) {
    shared.turns.close();
    let patience = std::time::Duration::from_millis(shared.config.drain_ms);
    if tokio::time::timeout(patience, shared.turns.wait()).await.is_err() {
        tracing::warn!(stage = %H::STAGE, turns = shared.turns.len(), "drain ran out of patience; giving claims back");
        shared.give_back.cancel();
        shared.turns.wait().await;
    }
    // A permit comes back after its turn's commit and acknowledgement.
    let all = u32::try_from(shared.config.concurrency.max(1)).unwrap_or(u32::MAX);
    if tokio::time::timeout(patience, shared.permits.acquire_many(all)).await.is_err() {
        tracing::warn!(stage = %H::STAGE, "the last commits are still under way");
    }
}

type Inflow = SelectAll<BoxStream<'static, (Lane, Option<Result<Delivery, lapin::Error>>)>>;

/// Consumes until `shutdown` or until the broker goes away; drains before the connection closes, so that the last
/// acknowledgements still get through.
async fn session<H: Handler>(
    shared: &Arc<Shared<H>>,
    url: &str,
    shutdown: &CancellationToken,
) -> Result<(), BrokerError> {
    let connection = broker::connect(url, H::STAGE.as_str()).await?;
    let mut inflow = broker::answered(consume::<H>(&connection, shared.config.concurrency)).await?;
    tracing::info!(stage = %H::STAGE, concurrency = shared.config.concurrency, "consuming");
    let dispatcher = Dispatcher::new(shared.clone());
    let mut lanes: Lanes<Delivery> = Lanes::default();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            permit = shared.permits.clone().acquire_owned(), if !lanes.is_empty() => {
                let Ok(permit) = permit else { break };
                while let Some(Some(item)) = inflow.next().now_or_never() {
                    take(&mut lanes, item)?;
                }
                let mut parcels = vec![];
                let mut permit = Some(permit);
                while let Some(held) = permit.take() {
                    let Some((lane, delivery)) = lanes.pop() else { break };
                    parcels.push(Parcel { lane, delivery, permit: held });
                    permit = shared.permits.clone().try_acquire_owned().ok();
                }
                dispatcher.dispatch(parcels, shutdown).await;
            }
            item = inflow.next() => match item {
                Some(item) => take(&mut lanes, item)?,
                None => return Err(BrokerError::ConsumerEnded(Lane::default())),
            },
        }
    }
    // What was fetched ahead goes back unharmed.
    while let Some((_, delivery)) = lanes.pop() {
        let _ = delivery.acker.nack(BasicNackOptions { requeue: true, multiple: false }).await;
    }
    drain(shared).await;
    let _ = connection.close(200, "OK".into()).await;
    Ok(())
}

fn take(
    lanes: &mut Lanes<Delivery>,
    (lane, item): (Lane, Option<Result<Delivery, lapin::Error>>),
) -> Result<(), BrokerError> {
    let delivery = item.ok_or(BrokerError::ConsumerEnded(lane))??;
    lanes.push(lane, delivery);
    Ok(())
}

/// One channel and consumer per lane, fetching ahead no more than the stage can hold.
async fn consume<H: Handler>(connection: &Connection, prefetch: usize) -> Result<Inflow, BrokerError> {
    declare_topology(&connection.create_channel().await?).await?;
    let mut inflow = SelectAll::new();
    for lane in Lane::ALL {
        let channel = connection.create_channel().await?;
        let prefetch = prefetch.clamp(1, usize::from(u16::MAX)) as u16;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let tag = format!("{}.{lane}", H::STAGE);
        let consumer = channel
            .basic_consume(
                queue(H::STAGE, lane).into(),
                tag.into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        // The end of one lane's consumer must be seen although the others go on.
        let ending = stream::once(std::future::ready((lane, None)));
        inflow.push(consumer.map(move |item| (lane, Some(item))).chain(ending).boxed());
    }
    Ok(inflow)
}
