use crate::relay::{Notice, RelayHandle};
use cavendish_domain::{InvalidBrief, Stage};
use cavendish_messages::{Envelope, EventType};
use cavendish_store::{Claim, Outcome, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What a stage does between its claim and its commit. Work returns a value and the conveyor commits it, so a
/// message cannot be acknowledged before its result is in.
pub trait Handler: Send + Sync + 'static {
    /// The stage it serves.
    const STAGE: Stage;
    /// What the claim hands it; see `cavendish_store::Work::input`.
    type Input: DeserializeOwned + Send + Sync + 'static;
    /// What it hands to the commit; names its claim.
    type Output: Send + Sync + 'static;

    /// Finds the job or shot that an event is about; ingest takes in a producer's brief here.
    ///
    /// # Errors
    /// Permanent for an event that names nothing.
    fn admit(&self, event: &Envelope) -> impl Future<Output = Result<Uuid, HandlerError>> + Send {
        let subject = event.subject.as_deref().and_then(|subject| subject.parse().ok());
        std::future::ready(
            subject.ok_or_else(|| HandlerError::permanent("no_subject", "subject: is not the id of a job or shot")),
        )
    }

    /// Does the work. No transaction is open; `turn.cancel` fires when the claim is lost.
    ///
    /// # Errors
    /// Says whether another attempt may help.
    fn work(&self, turn: &Turn<Self::Input>) -> impl Future<Output = Result<Self::Output, HandlerError>> + Send;

    /// Commits a batch in one transaction; the answers are in its order.
    ///
    /// # Errors
    /// As the store says; then nothing of the batch is in.
    fn commit(&self, batch: &[Self::Output]) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> + Send;
}

/// One attempt at one piece of work.
#[derive(Debug)]
pub struct Turn<I> {
    /// The right to do it.
    pub claim: Claim,
    /// What there is to know.
    pub input: I,
    /// Fires when the claim is lost, the job is cancelled or the drain's patience ends.
    pub cancel: CancellationToken,
    /// The trace to carry on with what this turn sends.
    pub traceparent: Option<String>,
    pub(crate) relay: RelayHandle,
}

impl<I> Turn<I> {
    /// Tells listeners something that need not be kept, such as a step of a render. May be lost.
    pub fn tell(&self, event: EventType, data: &impl Serialize) {
        self.relay.notify(Notice::new(&self.claim.tenant, event, self.claim.job_id, data));
    }

    /// A teller that can be moved into a callback.
    pub fn teller(&self) -> impl Fn(EventType, serde_json::Value) + Send + Sync + 'static {
        let (relay, tenant, job) = (self.relay.clone(), self.claim.tenant.clone(), self.claim.job_id);
        move |event, data| relay.notify(Notice::new(&tenant, event, job, &data))
    }
}

/// Why an attempt went wrong, and whether another may go better.
#[derive(Debug, Error)]
#[error("{detail}")]
pub struct HandlerError {
    /// Machine-readable, for example `invalid_reference`.
    pub reason: &'static str,
    /// For a person: names the field and what is wrong with it.
    pub detail: String,
    /// Whether the same work may succeed later.
    pub retryable: bool,
    /// The faults of a producer's brief, told to the producer.
    pub invalid: Option<InvalidBrief>,
}

impl HandlerError {
    /// Will go wrong every time.
    pub fn permanent(reason: &'static str, detail: impl ToString) -> Self {
        Self { reason, detail: detail.to_string(), retryable: false, invalid: None }
    }

    /// May go better later.
    pub fn retryable(reason: &'static str, detail: impl ToString) -> Self {
        Self { reason, detail: detail.to_string(), retryable: true, invalid: None }
    }
}

impl From<InvalidBrief> for HandlerError {
    fn from(invalid: InvalidBrief) -> Self {
        Self { reason: "invalid_brief", detail: invalid.to_string(), retryable: false, invalid: Some(invalid) }
    }
}

impl From<StoreError> for HandlerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(invalid) => invalid.into(),
            error => {
                Self { reason: "store", retryable: error.is_retryable(), detail: error.to_string(), invalid: None }
            }
        }
    }
}
