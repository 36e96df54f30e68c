//! A transaction that remembers the events it puts into the outbox. They are inserted as leased to this process, and
//! handed to its relay when the transaction is in: nobody has to look for them. A process that dies before it has
//! published them loses the lease, and then any relay finds them.

use crate::outbox::OutboxRow;
use crate::{Store, StoreError};
use sqlx::{PgConnection, Postgres};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a relay may take over events that were handed to it before others look after them.
const HANDOVER_LEASE: Duration = Duration::from_secs(5);
/// Transactions whose events wait for the relay, at most; those beyond are found when their lease is over.
const WAITING: usize = 4096;

/// Committed events, leased to this process.
#[derive(Debug)]
pub struct Handover {
    /// The events.
    pub rows: Vec<OutboxRow>,
    leased_at: Instant,
}

impl Handover {
    /// Whether the lease may be over, so that another relay may have the events by now.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.leased_at.elapsed() >= HANDOVER_LEASE
    }
}

/// Where handovers go, once there is a relay.
pub(crate) type Outlet = Arc<OnceLock<mpsc::Sender<Handover>>>;

pub(crate) struct Tx {
    inner: sqlx::Transaction<'static, Postgres>,
    outlet: Outlet,
    began: Instant,
    rows: Vec<OutboxRow>,
}

impl Store {
    /// From now on the events of this store's transactions come out here as well, once they are committed. `None`
    /// when somebody takes them already.
    #[must_use]
    pub fn handovers(&self) -> Option<mpsc::Receiver<Handover>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.outlet.set(sender).ok().map(|()| receiver)
    }

    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        // Before the database's clock says `now()`, so that the lease is never taken for longer than it is.
        let began = Instant::now();
        Ok(Tx { inner: self.pool.begin().await?, outlet: self.outlet.clone(), began, rows: vec![] })
    }

    /// Hands over the events of a statement that was a transaction by itself, begun at `began`.
    pub(crate) fn hand_over(&self, rows: Vec<OutboxRow>, began: Instant) {
        send(&self.outlet, rows, began);
    }

    /// For how long new events are leased: nobody looks at them meanwhile.
    pub(crate) fn handover_lease(&self) -> Duration {
        lease(&self.outlet)
    }
}

impl Tx {
    /// As [`Store::handover_lease`].
    pub(crate) fn handover_lease(&self) -> Duration {
        lease(&self.outlet)
    }

    /// Remembers events that were inserted as leased.
    pub(crate) fn remember(&mut self, rows: Vec<OutboxRow>) {
        self.rows.extend(rows);
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await?;
        send(&self.outlet, self.rows, self.began);
        Ok(())
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

fn lease(outlet: &Outlet) -> Duration {
    outlet.get().filter(|outlet| !outlet.is_closed()).map_or(Duration::ZERO, |_| HANDOVER_LEASE)
}

fn send(outlet: &Outlet, rows: Vec<OutboxRow>, leased_at: Instant) {
    if !rows.is_empty()
        && let Some(outlet) = outlet.get()
    {
        // A relay that is far behind, or gone, finds them in the outbox when the lease is over.
        let _ = outlet.try_send(Handover { rows, leased_at });
    }
}
