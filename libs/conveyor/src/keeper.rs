//! Upkeep beside the work: heartbeats for the claims in hand, the reaper for claims of workers that died, gauges.

use crate::conveyor::Shared;
use crate::handler::Handler;
use cavendish_store::Claim;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The claims in hand: attempt and the token that stops the turn.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashMap<Uuid, (i32, CancellationToken)>>);

impl Held {
    pub(crate) fn add(&self, claim: &Claim) -> CancellationToken {
        let token = CancellationToken::new();
        self.lock().insert(claim.subject_id, (claim.attempt, token.clone()));
        token
    }

    /// Forgets a claim, unless a later attempt holds it by now.
    pub(crate) fn remove(&self, claim: &Claim) {
        let mut held = self.lock();
        if held.get(&claim.subject_id).is_some_and(|(attempt, _)| *attempt == claim.attempt) {
            held.remove(&claim.subject_id);
        }
    }

    fn list(&self) -> Vec<(Uuid, i32)> {
        self.lock().iter().map(|(subject, (attempt, _))| (*subject, *attempt)).collect()
    }

    /// Stops the turns of `asked` that are not in `alive`.
    fn stop_lost(&self, asked: &[(Uuid, i32)], alive: &[Uuid]) {
        let held = self.lock();
        for (subject, attempt) in asked.iter().filter(|(subject, _)| !alive.contains(subject)) {
            if let Some((current, token)) = held.get(subject)
                && current == attempt
            {
                token.cancel();
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, (i32, CancellationToken)>> {
        // The map is whole between any two statements, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until `stop`.
pub(crate) async fn run<H: Handler>(shared: Arc<Shared<H>>, stop: CancellationToken) {
    let lease = shared.config.lease();
    let mut tick = tokio::time::interval((lease / 3).max(Duration::from_millis(50)));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut measured: Option<Instant> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        heartbeat(&shared, lease).await;
        reap(&shared).await;
        reannounce(&shared, lease * 2).await;
        if measured.is_none_or(|at| at.elapsed() > Duration::from_secs(5)) {
            measure(&shared).await;
            measured = Some(Instant::now());
        }
    }
}

async fn heartbeat<H: Handler>(shared: &Shared<H>, lease: Duration) {
    let asked = shared.held.list();
    if asked.is_empty() {
        return;
    }
    match shared.store.heartbeat(H::STAGE, shared.owner, &asked, lease).await {
        Ok(alive) => shared.held.stop_lost(&asked, &alive),
        // A lease that runs out meanwhile is fenced at the commit.
        Err(error) => tracing::warn!(%error, "heartbeat failed"),
    }
}

async fn reap<H: Handler>(shared: &Shared<H>) {
    match shared.store.reap(H::STAGE, shared.config.max_failures).await {
        Ok(reaped) => {
            for found in &reaped {
                let (claim, buried) = (&found.claim, found.buried);
                tracing::warn!(stage = %H::STAGE, subject = %claim.subject_id, attempt = claim.attempt, buried, "lease ran out");
                metrics::counter!("cavendish_leases_lost_total", "stage" => H::STAGE.as_str()).increment(1);
            }
        }
        Err(error) => tracing::warn!(%error, "leases could not be checked"),
    }
}

/// A worker with nothing in hand although work waits: its message is gone, or lies with a busy worker. Either way it
/// is asked for again, and the claim decides who does it.
async fn reannounce<H: Handler>(shared: &Shared<H>, quiet: Duration) {
    if !shared.held.list().is_empty() {
        return;
    }
    match shared.store.reannounce(H::STAGE, quiet).await {
        Ok(0) => {}
        Ok(count) => {
            tracing::warn!(stage = %H::STAGE, count, "waiting work announced again");
        }
        Err(error) => tracing::warn!(%error, "waiting work could not be looked for"),
    }
}

/// Depth and oldest age of this stage's lanes, computed in Postgres, and the length of the outbox.
async fn measure<H: Handler>(shared: &Shared<H>) {
    let Ok(depths) = shared.store.queue_depths().await else { return };
    for lane in cavendish_domain::Lane::ALL {
        let depth = depths.iter().find(|depth| depth.stage == H::STAGE.as_str() && depth.lane == lane.as_str());
        let labels = [("stage", H::STAGE.as_str()), ("lane", lane.as_str())];
        let (waiting, held, oldest) =
            depth.map_or((0, 0, 0.0), |depth| (depth.waiting, depth.held, depth.oldest_seconds));
        metrics::gauge!("cavendish_queue_waiting", &labels).set(waiting as f64);
        metrics::gauge!("cavendish_queue_held", &labels).set(held as f64);
        metrics::gauge!("cavendish_queue_oldest_seconds", &labels).set(oldest);
    }
    if let Ok(rows) = shared.store.outbox_len().await {
        metrics::gauge!("cavendish_outbox_rows").set(rows as f64);
    }
}
