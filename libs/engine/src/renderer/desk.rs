//! Where callers leave their tickets and the devices' threads take them.

use super::queue::{Queue, Taken};
use super::ticket::Ticket;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The queue that all devices draw from.
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    queue: Queue<Ticket>,
    open: bool,
    /// Threads that take tickets.
    staff: usize,
}

impl Desk {
    pub(super) fn new(staff: usize) -> Self {
        Self { state: Mutex::new(State { queue: Queue::new(), open: true, staff }), changed: Condvar::new() }
    }

    /// Leaves a ticket; false when nobody will ever take it.
    pub(super) fn leave(&self, ticket: Ticket) -> bool {
        let mut state = self.lock();
        let taken = state.open && state.staff > 0;
        if taken {
            state.queue.push(ticket);
            self.changed.notify_one();
        }
        taken
    }

    /// Waits for tickets: a batch of at most `most` within a budget of tokens. `None` when the desk is closed and empty.
    pub(super) fn take(&self, most: usize, tokens: u64) -> Option<Taken<Ticket>> {
        let mut state = self.lock();
        while state.queue.is_empty() {
            if !state.open {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.queue.set_budget(tokens);
        Some(state.queue.take(most))
    }

    /// No more tickets; what waits is still drawn.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }

    /// A thread goes. With the last one go the tickets that wait: their callers learn that nobody will draw them.
    pub(super) fn sign_off(&self) {
        let mut state = self.lock();
        state.staff -= 1;
        if state.staff == 0 {
            state.queue = Queue::new();
        }
    }

    /// A thread that panicked while it held the lock left a whole queue: pushes and takes do not stop half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
