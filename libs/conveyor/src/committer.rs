//! Group commit: what finished while the last transaction ran goes into the next one together.

use crate::conveyor::Shared;
use crate::dispatch::verdict;
use crate::handler::{Handler, HandlerError};
use cavendish_store::{Claim, Outcome, StoreError};
use lapin::Acker;
use lapin::options::BasicAckOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

/// A turn's place among the others: alone, or together with them.
pub(crate) type Room = (Option<OwnedRwLockWriteGuard<()>>, Option<OwnedRwLockReadGuard<()>>);

/// A turn whose work is done and not yet committed.
pub(crate) struct Finished<O> {
    pub(crate) claim: Claim,
    pub(crate) output: O,
    pub(crate) acker: Acker,
    pub(crate) room: Room,
    pub(crate) permit: OwnedSemaphorePermit,
}

const RETRY: Duration = Duration::from_millis(200);

/// Runs until `stop`, then commits what is left.
pub(crate) async fn run<H: Handler>(
    shared: Arc<Shared<H>>,
    mut inbox: mpsc::Receiver<Finished<H::Output>>,
    stop: CancellationToken,
) {
    let most = shared.config.commit_batch.max(1);
    loop {
        let mut batch = Vec::with_capacity(most);
        tokio::select! {
            biased;
            _ = inbox.recv_many(&mut batch, most) => commit(&shared, batch).await,
            () = stop.cancelled() => {
                while let Ok(finished) = inbox.try_recv() {
                    commit(&shared, vec![finished]).await;
                }
                return;
            }
        }
    }
}

async fn commit<H: Handler>(shared: &Shared<H>, batch: Vec<Finished<H::Output>>) {
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        let (outputs, rest): (Vec<H::Output>, Vec<_>) =
            part.into_iter().map(|f| (f.output, (f.claim, f.acker, (f.room, f.permit)))).unzip();
        match commit_patiently(shared, &outputs).await {
            Ok(outcomes) => {
                for ((claim, acker, held), outcome) in rest.into_iter().zip(outcomes) {
                    settle(shared, &claim, acker, outcome).await;
                    drop(held);
                }
            }
            // One bad row must not hold up the others: they go one by one, and the culprit is found.
            Err(_) if outputs.len() > 1 => {
                parts.extend(outputs.into_iter().zip(rest).map(|(output, (claim, acker, (room, permit)))| {
                    vec![Finished { claim, output, acker, room, permit }]
                }))
            }
            Err(error) => {
                for (claim, acker, _held) in rest {
                    settle_failure(shared, &claim, HandlerError::retryable("commit_refused", &error)).await;
                    let _ = acker.ack(BasicAckOptions::default()).await;
                }
            }
        }
    }
}

/// Waits for Postgres as long as it takes; the drain's end of patience leaves the rest to the leases.
async fn commit_patiently<H: Handler>(shared: &Shared<H>, outputs: &[H::Output]) -> Result<Vec<Outcome>, StoreError> {
    loop {
        match shared.handler.commit(outputs).await {
            Err(error) if error.is_retryable() && !shared.give_back.is_cancelled() => {
                tracing::warn!(%error, "commit failed; trying again");
                tokio::time::sleep(RETRY).await;
            }
            other => return other,
        }
    }
}

async fn settle<H: Handler>(shared: &Shared<H>, claim: &Claim, acker: Acker, outcome: Outcome) {
    shared.held.remove(claim);
    let word = match outcome {
        Outcome::Committed => "committed",
        Outcome::Fenced => {
            tracing::warn!(subject = %claim.subject_id, attempt = claim.attempt, "fenced: the claim was lost before the commit");
            "fenced"
        }
    };
    metrics::counter!("cavendish_turns_total", "stage" => H::STAGE.as_str(), "outcome" => word).increment(1);
    let _ = acker.ack(BasicAckOptions::default()).await;
}

/// Books an attempt that went wrong. When even that fails, the lease runs out and the reaper books it.
pub(crate) async fn settle_failure<H: Handler>(shared: &Shared<H>, claim: &Claim, error: HandlerError) {
    let failure = verdict(shared, claim.failures, error);
    let fate = match failure.retry_after {
        Some(_) => "retried",
        None if failure.is_of_input() => "refused",
        None => "dead_lettered",
    };
    tracing::warn!(reason = failure.reason, detail = failure.detail, fate, "attempt failed");
    metrics::counter!("cavendish_turns_total", "stage" => H::STAGE.as_str(), "outcome" => fate).increment(1);
    if fate == "dead_lettered" {
        metrics::counter!("cavendish_dead_letters_total", "stage" => H::STAGE.as_str()).increment(1);
    }
    for _ in 0..5 {
        match shared.store.fail(claim, &failure).await {
            Ok(_) => break,
            Err(error) => {
                tracing::warn!(%error, "failure could not be booked; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    shared.held.remove(claim);
}

/// Gives a claim back; when that fails, its lease runs out.
pub(crate) async fn release_or_log<H: Handler>(shared: &Shared<H>, claim: &Claim) {
    if let Err(error) = shared.store.release(claim).await {
        tracing::warn!(%error, subject = %claim.subject_id, "claim could not be given back");
    }
}
