use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Batches that wait, at most.
const AHEAD: usize = 2;

/// Runs `learn` with batches that another thread composes: those with the numbers from `first` on.
pub(crate) fn feed<B: Send, T>(
    first: u64,
    compose: impl Fn(u64) -> B + Send + Sync,
    learn: impl FnOnce(Receiver<B>) -> T,
) -> T {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || (first..).map(compose).all(|batch| sender.send(batch).is_ok()));
        learn(receiver)
    })
}
