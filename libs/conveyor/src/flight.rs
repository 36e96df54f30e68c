//! Events between the outbox and the broker's confirms. Many are on their way at once, and what is confirmed while
//! one delete runs goes into the next one together.

use crate::broker::{ANSWER_TIMEOUT, BrokerError};
use cavendish_messages::Envelope;
use cavendish_messages::topology::LINE;
use cavendish_store::{OutboxRow, Store};
use futures::FutureExt;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};

/// An event that was sent, and what the broker says about it.
type Answer = (OutboxRow, Result<Confirmation, BrokerError>);

pub(crate) struct Flight<'a> {
    store: &'a Store,
    channel: &'a Channel,
    sent: FuturesUnordered<BoxFuture<'static, Answer>>,
    confirmed: Vec<i64>,
    deleting: Option<BoxFuture<'a, ()>>,
}

impl<'a> Flight<'a> {
    /// Nothing on its way yet. `channel` has confirms selected.
    pub(crate) fn new(store: &'a Store, channel: &'a Channel) -> Self {
        Self { store, channel, sent: FuturesUnordered::new(), confirmed: vec![], deleting: None }
    }

    /// Events whose confirms are awaited.
    pub(crate) fn len(&self) -> usize {
        self.sent.len()
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_landed(&self) -> bool {
        self.sent.is_empty() && self.confirmed.is_empty() && self.deleting.is_none()
    }

    /// Sends events.
    pub(crate) async fn send(&mut self, rows: Vec<OutboxRow>) -> Result<(), BrokerError> {
        for row in rows {
            let confirm = publish(self.channel, &row).await?;
            self.sent.push(answer(row, confirm).boxed());
        }
        Ok(())
    }

    /// Waits for the next confirm or delete. Nothing is lost when this is dropped half-way.
    pub(crate) async fn advance(&mut self) -> Result<(), BrokerError> {
        while let Some(Some((row, answer))) = self.sent.next().now_or_never() {
            self.note(&row, answer?);
        }
        if self.deleting.is_none() && !self.confirmed.is_empty() {
            self.deleting = Some(delete(self.store, std::mem::take(&mut self.confirmed)).boxed());
        }
        tokio::select! {
            Some((row, answer)) = self.sent.next(), if !self.sent.is_empty() => self.note(&row, answer?),
            Some(()) = OptionFuture::from(self.deleting.as_mut()) => self.deleting = None,
            else => {}
        }
        Ok(())
    }

    /// Keeps what is to be deleted. What is not is due again when its lease is over.
    fn note(&mut self, row: &OutboxRow, answer: Confirmation) {
        match answer {
            Confirmation::Ack(None) => self.confirmed.push(row.id),
            Confirmation::Ack(Some(returned)) => {
                tracing::error!(row.routing_key, reason = %returned.reply_text, "message returned as unroutable");
                metrics::counter!("cavendish_outbox_returned_total").increment(1);
            }
            Confirmation::Nack(_) | Confirmation::NotRequested => {
                tracing::warn!(row.routing_key, "message not confirmed; it will be sent again");
            }
        }
    }
}

/// Waits for the broker's word on an event. A confirm that got lost ends the session, so that the event is sent again.
async fn answer(row: OutboxRow, confirm: PublisherConfirm) -> Answer {
    let said = tokio::time::timeout(ANSWER_TIMEOUT, confirm).await;
    (row, said.map_or(Err(BrokerError::Timeout(ANSWER_TIMEOUT)), |said| said.map_err(Into::into)))
}

async fn delete(store: &Store, ids: Vec<i64>) {
    match store.delete_outbox(&ids).await {
        Ok(()) => metrics::counter!("cavendish_outbox_published_total").increment(ids.len() as u64),
        Err(error) => tracing::warn!(%error, "confirmed events could not be deleted; they will be sent again"),
    }
}

async fn publish(channel: &Channel, row: &OutboxRow) -> Result<PublisherConfirm, lapin::Error> {
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
