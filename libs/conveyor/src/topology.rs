use cavendish_domain::{Lane, Stage};
use cavendish_messages::topology::{DEAD_EXCHANGE, DEAD_QUEUE, EVENTS, LINE, bindings, queue};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{Channel, ExchangeKind};

/// Deliveries of one message before the broker takes it for poison. Crashed workers are counted in Postgres, and a
/// kill returns whatever was fetched ahead as well, so this is only the last resort.
const DELIVERY_LIMIT: i32 = 100;

/// Declares exchanges, stage queues and the dead-letter queue. Declaring again is harmless.
///
/// # Errors
/// When the broker refuses, for example because a queue exists with other arguments.
pub async fn declare_topology(channel: &Channel) -> Result<(), lapin::Error> {
    let exchanges =
        [(LINE, ExchangeKind::Direct), (EVENTS, ExchangeKind::Topic), (DEAD_EXCHANGE, ExchangeKind::Fanout)];
    for (name, kind) in exchanges {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await?;
    }
    declare_queue(channel, DEAD_QUEUE, quorum()).await?;
    bind(channel, DEAD_QUEUE, DEAD_EXCHANGE, "").await?;
    for &stage in Stage::ALL {
        for lane in Lane::ALL {
            let name = queue(stage, lane);
            declare_queue(channel, &name, stage_queue()).await?;
            for key in bindings(stage, lane) {
                bind(channel, &name, LINE, &key).await?;
            }
        }
    }
    Ok(())
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), lapin::Error> {
    channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments).await.map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), lapin::Error> {
    channel
        .queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default())
        .await
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

/// At-least-once dead-lettering needs all three: the strategy, `reject-publish`, and a target that exists.
fn stage_queue() -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments.insert("x-dead-letter-exchange".into(), text(DEAD_EXCHANGE));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}
