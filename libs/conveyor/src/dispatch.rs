//! From a delivery to a turn: decode, admit, claim in one statement for all that came together, and run.

use crate::committer::{Finished, Room, release_or_log, settle_failure};
use crate::conveyor::Shared;
use crate::handler::{Handler, HandlerError, Turn};
use crate::trace;
use cavendish_domain::Lane;
use cavendish_messages::{Envelope, JobRejected};
use cavendish_store::{Failure, NewDeadLetter, StoreError, Work};
use futures::FutureExt;
use futures::future::join_all;
use lapin::Acker;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

/// A delivery that may start now.
pub(crate) struct Parcel {
    pub(crate) lane: Lane,
    pub(crate) delivery: Delivery,
    pub(crate) permit: OwnedSemaphorePermit,
}

/// A parcel whose event names a job or shot.
struct Admitted {
    subject: Uuid,
    traceparent: Option<String>,
    parcel: Parcel,
}

pub(crate) struct Dispatcher<H: Handler> {
    shared: Arc<Shared<H>>,
}

impl<H: Handler> Dispatcher<H> {
    pub(crate) fn new(shared: Arc<Shared<H>>) -> Self {
        Self { shared }
    }

    /// Starts what can be claimed and acknowledges the rest. Waits for Postgres rather than handing messages back:
    /// each return would count towards the broker's delivery limit.
    pub(crate) async fn dispatch(&self, parcels: Vec<Parcel>, shutdown: &CancellationToken) {
        let admitted: Vec<Admitted> = join_all(parcels.into_iter().map(|parcel| self.admit(parcel, shutdown)))
            .await
            .into_iter()
            .flatten()
            .collect();
        let subjects: Vec<Uuid> = admitted.iter().map(|parcel| parcel.subject).collect();
        if subjects.is_empty() {
            return;
        }
        let shared = &self.shared;
        let claim = || shared.store.acquire(H::STAGE, &subjects, shared.owner, shared.config.lease());
        let Some(works) = patiently(shutdown, claim).await else { return hand_back(admitted).await };
        let mut works: HashMap<Uuid, Work> = works.into_iter().map(|work| (work.claim.subject_id, work)).collect();
        let mut left = vec![];
        for parcel in admitted {
            match works.remove(&parcel.subject) {
                Some(work) => self.start(work, parcel),
                None => left.push(parcel),
            }
        }
        self.settle_unclaimed(left, shutdown).await;
    }

    /// `None` when the message was settled here: it names nothing and never will.
    async fn admit(&self, parcel: Parcel, shutdown: &CancellationToken) -> Option<Admitted> {
        let envelope = match Envelope::decode(&parcel.delivery.data) {
            Ok(envelope) => envelope,
            Err(error) => {
                self.refuse(parcel, None, HandlerError::permanent("undecodable", error), shutdown).await;
                return None;
            }
        };
        loop {
            match AssertUnwindSafe(self.shared.handler.admit(&envelope)).catch_unwind().await {
                Ok(Ok(subject)) => {
                    let traceparent = traceparent(&parcel.delivery);
                    return Some(Admitted { subject, traceparent, parcel });
                }
                Ok(Err(error)) if error.retryable => {
                    tracing::warn!(%error, "event cannot be taken in yet");
                    if pause(shutdown).await.is_break() {
                        let _ = parcel.delivery.acker.nack(requeue()).await;
                        return None;
                    }
                }
                Ok(Err(error)) => {
                    self.refuse(parcel, Some(&envelope), error, shutdown).await;
                    return None;
                }
                Err(_) => {
                    let error = HandlerError::permanent("panicked", "taking the event in panicked");
                    self.refuse(parcel, Some(&envelope), error, shutdown).await;
                    return None;
                }
            }
        }
    }

    /// Dead-letters a message that no claim stands for, and tells its producer why.
    async fn refuse(&self, parcel: Parcel, event: Option<&Envelope>, error: HandlerError, stop: &CancellationToken) {
        let Parcel { lane, delivery, .. } = parcel;
        tracing::warn!(stage = %H::STAGE, reason = error.reason, %error, "message refused");
        metrics::counter!("cavendish_dead_letters_total", "stage" => H::STAGE.as_str()).increment(1);
        let letter = NewDeadLetter {
            stage: H::STAGE,
            subject_id: None,
            job_id: None,
            tenant_id: None,
            lane,
            reason: error.reason.into(),
            detail: error.detail,
            failures: 1,
            body: Some(delivery.data.clone()),
        };
        let rejected = event.zip(error.invalid).map(|(event, invalid)| {
            let tenant = event.data.get("tenant").and_then(|tenant| tenant.as_str()).unwrap_or("default");
            let (event_id, event_source) = (event.id.clone(), event.source.clone());
            (tenant.to_owned(), JobRejected { event_id, event_source, errors: invalid.errors })
        });
        let store = &self.shared.store;
        match patiently(stop, || store.refuse(&letter, rejected.as_ref())).await {
            Some(_) => {
                let _ = delivery.acker.ack(BasicAckOptions::default()).await;
            }
            None => drop(delivery.acker.nack(requeue()).await),
        }
    }

    /// Messages whose claim could not be had: held elsewhere, done, or unknown to Postgres.
    async fn settle_unclaimed(&self, parcels: Vec<Admitted>, shutdown: &CancellationToken) {
        if parcels.is_empty() {
            return;
        }
        let subjects: Vec<Uuid> = parcels.iter().map(|parcel| parcel.subject).collect();
        let known = || self.shared.store.known(H::STAGE, &subjects);
        let Some(known) = patiently(shutdown, known).await else { return hand_back(parcels).await };
        for Admitted { subject, parcel, .. } in parcels {
            if known.contains(&subject) {
                metrics::counter!("cavendish_duplicates_total", "stage" => H::STAGE.as_str()).increment(1);
                let _ = parcel.delivery.acker.ack(BasicAckOptions::default()).await;
            } else {
                let detail = format!("subject: {subject} is not known at stage {}", H::STAGE);
                self.refuse(parcel, None, HandlerError::permanent("unknown_subject", detail), shutdown).await;
            }
        }
    }

    /// Runs a claimed turn in a task of its own.
    fn start(&self, work: Work, admitted: Admitted) {
        let shared = self.shared.clone();
        let Admitted { subject, traceparent, parcel: Parcel { lane, delivery, permit } } = admitted;
        let span = tracing::info_span!("turn", stage = %H::STAGE, %lane, %subject, attempt = work.claim.attempt);
        trace::follow(&span, traceparent.as_deref());
        let traceparent = trace::traceparent_of(&span).or(traceparent);
        let cancel = shared.held.add(&work.claim);
        let turns = shared.turns.clone();
        turns.spawn(
            async move { take_turn(&shared, work, traceparent, cancel, delivery.acker, permit).await }.instrument(span),
        );
    }
}

/// One attempt from claim to the committer's door.
async fn take_turn<H: Handler>(
    shared: &Shared<H>,
    work: Work,
    traceparent: Option<String>,
    cancel: CancellationToken,
    acker: Acker,
    permit: OwnedSemaphorePermit,
) {
    let Work { claim, input } = work;
    let began = Instant::now();
    tracing::debug!("turn begins");
    // Work that lost two workers may be what kills them: it goes alone, so that it takes no other with it. The room
    // is kept until the commit is in, for a result can be lost until then.
    let mut room: Room = (None, None);
    if claim.is_suspect() {
        room.0 = Some(shared.room.clone().write_owned().await);
        if let Err(error) = shared.store.begin_work(&claim).await {
            tracing::warn!(%error, "the beginning of suspected work could not be noted");
        }
    } else {
        room.1 = Some(shared.room.clone().read_owned().await);
    }
    let result = match serde_json::from_value(input) {
        Err(error) => Err(HandlerError::permanent("unreadable_input", format!("stored input: {error}"))),
        Ok(input) => {
            let turn =
                Turn { claim: claim.clone(), input, cancel: cancel.clone(), traceparent, relay: shared.relay.clone() };
            let work = AssertUnwindSafe(shared.handler.work(&turn)).catch_unwind();
            tokio::select! {
                biased;
                () = shared.give_back.cancelled() => {
                    cancel.cancel();
                    release_or_log(shared, &claim).await;
                    shared.held.remove(&claim);
                    let _ = acker.ack(BasicAckOptions::default()).await;
                    return;
                }
                // Lost to another worker, or the job was cancelled: there is nothing left to say.
                () = cancel.cancelled() => {
                    tracing::warn!(attempt = claim.attempt, "claim lost: the work is let go");
                    metrics::counter!("cavendish_lost_total", "stage" => H::STAGE.as_str()).increment(1);
                    shared.held.remove(&claim);
                    let _ = acker.ack(BasicAckOptions::default()).await;
                    return;
                }
                result = work => result
                    .unwrap_or_else(|_| Err(HandlerError::retryable("panicked", "the worker panicked on this work"))),
            }
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    metrics::histogram!("cavendish_stage_seconds", "stage" => H::STAGE.as_str()).record(seconds);
    match result {
        Ok(output) => {
            let finished = Finished { claim, output, acker, room, permit };
            // The committer outlives every turn.
            let _ = shared.finished.send(finished).await;
        }
        Err(error) => {
            settle_failure(shared, &claim, error).await;
            let _ = acker.ack(BasicAckOptions::default()).await;
        }
    }
}

/// Whether another attempt is made, and when.
pub(crate) fn verdict<H: Handler>(shared: &Shared<H>, failures: i32, error: HandlerError) -> Failure {
    let again = error.retryable && failures + 1 < shared.config.max_failures;
    let jitter = Uuid::new_v4().as_u128() as u32;
    Failure {
        reason: error.reason.into(),
        detail: error.detail,
        retry_after: again.then(|| shared.config.backoff(failures, jitter)),
    }
}

/// Repeats a call to the store while Postgres is away; `None` when `shutdown` comes first or the call is refused.
async fn patiently<T, F>(shutdown: &CancellationToken, mut call: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match call().await {
            Ok(value) => return Some(value),
            Err(error) => {
                tracing::warn!(%error, "store call failed; trying again");
                if pause(shutdown).await.is_break() {
                    return None;
                }
            }
        }
    }
}

async fn pause(shutdown: &CancellationToken) -> std::ops::ControlFlow<()> {
    tokio::select! {
        () = shutdown.cancelled() => std::ops::ControlFlow::Break(()),
        () = tokio::time::sleep(Duration::from_millis(300)) => std::ops::ControlFlow::Continue(()),
    }
}

async fn hand_back(parcels: Vec<Admitted>) {
    for Admitted { parcel, .. } in parcels {
        let _ = parcel.delivery.acker.nack(requeue()).await;
    }
}

fn requeue() -> BasicNackOptions {
    BasicNackOptions { requeue: true, multiple: false }
}

fn traceparent(delivery: &Delivery) -> Option<String> {
    let headers = delivery.properties.headers().as_ref()?;
    let value = headers.inner().get("traceparent")?;
    Some(String::from_utf8_lossy(value.as_long_string()?.as_bytes()).into_owned())
}
