//! Following a job: its history from Postgres, woken by the broker, with a slow look now and then in case the broker
//! is silent. There is no task behind a stream: when its client leaves, the stream is dropped and nothing remains.

use crate::api::JobEntry;
use crate::auth::Tenant;
use crate::state::AppState;
use axum::response::sse::Event;
use cavendish_domain::JobId;
use cavendish_messages::{Envelope, EventType};
use cavendish_store::HistoryEntry;
use futures::Stream;
use serde_json::Value;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::Instant;

/// How often Postgres is asked, whatever is heard or not.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One client that follows one job.
pub(crate) struct Follower {
    state: AppState,
    tenant: Tenant,
    job: JobId,
    /// The last line of the history that was sent.
    after: i64,
    heard: Option<broadcast::Receiver<Arc<Envelope>>>,
    ready: VecDeque<JobEntry>,
    phase: Phase,
    /// When the history was read last. Steps that come faster than [`LOOK_EVERY`] must not keep it from being read.
    looked: Instant,
    _permit: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The history has to be read now.
    Look,
    /// Everything known was sent.
    Wait,
    /// The job is settled and everything about it is in `ready`.
    Over,
}

impl Follower {
    /// Follows `job` from after line `after` of its history; hears the broker from now on.
    pub(crate) fn new(state: AppState, tenant: Tenant, job: JobId, after: i64, permit: OwnedSemaphorePermit) -> Self {
        let heard = Some(state.events.subscribe());
        let (ready, phase, looked) = (VecDeque::new(), Phase::Look, Instant::now());
        Self { state, tenant, job, after, heard, ready, phase, looked, _permit: permit }
    }

    /// The server-sent events; ends after the event that settled the job, or when the server stops.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        futures::stream::unfold(self, |mut follower| async move {
            let entry = follower.next().await?;
            Some((Ok(event_of(&entry)), follower))
        })
    }

    async fn next(&mut self) -> Option<JobEntry> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Some(entry);
            }
            match self.phase {
                Phase::Over => return None,
                Phase::Look => self.look().await,
                Phase::Wait => {
                    let shutdown = self.state.shutdown.clone();
                    tokio::select! {
                        () = shutdown.cancelled() => return None,
                        () = self.wait() => {}
                    }
                }
            }
        }
    }

    /// Reads on in the history. An unreachable database is waited for: the client has lost nothing yet.
    async fn look(&mut self) {
        self.looked = Instant::now();
        // The state is read before the history: a job that is settled has all its lines by then.
        let state = self.state.store.job_state(self.tenant.id, self.job).await;
        let rows = self.state.store.history(self.tenant.id, self.job, self.after).await;
        let (Ok(state), Ok(rows)) = (state, rows) else {
            self.phase = Phase::Wait;
            return;
        };
        self.phase = match (rows.is_empty(), state.is_settled()) {
            (true, true) => Phase::Over,
            (true, false) => Phase::Wait,
            (false, _) => Phase::Look,
        };
        self.after = rows.last().map_or(self.after, |row| row.seq);
        self.ready.extend(rows.into_iter().map(entry_of));
    }

    /// Returns when there may be something new.
    async fn wait(&mut self) {
        let timer = tokio::time::sleep_until(self.looked + LOOK_EVERY);
        tokio::pin!(timer);
        loop {
            let heard = tokio::select! {
                biased;
                () = &mut timer => break,
                heard = hear(&mut self.heard) => heard,
            };
            match heard {
                Ok(envelope) => {
                    if !is_about(&envelope, self.job) {
                        continue;
                    }
                    if envelope.event_type == EventType::JobProgressed.as_str() {
                        self.ready.push_back(progress_of(&envelope));
                        return;
                    }
                    break;
                }
                // Some of what was missed may have been about this job.
                Err(broadcast::error::RecvError::Lagged(_)) => break,
                Err(broadcast::error::RecvError::Closed) => self.heard = None,
            }
        }
        self.phase = Phase::Look;
    }
}

async fn hear(
    heard: &mut Option<broadcast::Receiver<Arc<Envelope>>>,
) -> Result<Arc<Envelope>, broadcast::error::RecvError> {
    match heard {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

fn is_about(envelope: &Envelope, job: JobId) -> bool {
    let text = envelope.data.get("job_id").and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()) == Some(job)
}

fn entry_of(row: HistoryEntry) -> JobEntry {
    JobEntry { seq: Some(row.seq), at: Some(row.at), event: row.event, data: row.data }
}

fn progress_of(envelope: &Envelope) -> JobEntry {
    let event = EventType::JobProgressed.noun_verb().to_owned();
    JobEntry { seq: None, at: envelope.time, event, data: envelope.data.clone() }
}

fn event_of(entry: &JobEntry) -> Event {
    let data = serde_json::to_string(entry).unwrap_or_default();
    let event = Event::default().event(&entry.event).data(data);
    match entry.seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_domain::ShotId;
    use cavendish_messages::Progress;

    #[test]
    fn progress_is_told_apart_by_job_and_has_no_id() {
        let job = JobId::new();
        let data = Progress { job_id: job, shot_id: ShotId::new(), step: 3, steps: 12 };
        let envelope = Envelope::new(EventType::JobProgressed, data.shot_id, &data);
        assert!(is_about(&envelope, job) && !is_about(&envelope, JobId::new()));
        let entry = progress_of(&envelope);
        assert_eq!((entry.seq, entry.event.as_str(), &entry.data["step"]), (None, "job.progressed", &3.into()));
    }
}
