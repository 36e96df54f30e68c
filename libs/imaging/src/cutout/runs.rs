//! Runs of pixels, and work on them on two cores.

use std::ops::Range;
use std::thread;

/// Pixels from which work is worth a second core.
pub(super) const LARGE: usize = 12_000;

/// The runs of what is on.
pub(super) fn runs(on: impl Iterator<Item = bool>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = vec![];
    for (i, _) in on.enumerate().filter(|(_, on)| *on) {
        match runs.last_mut() {
            Some(run) if run.end == i => run.end += 1,
            _ => runs.push(i..i + 1),
        }
    }
    runs
}

/// Has `work` done for half of the runs on a second core, where there is much of it. It gets runs, and the part of `values`
/// that they lie in with the place where that begins.
pub(super) fn in_halves<T: Send>(
    runs: &[Range<usize>],
    values: &mut [T],
    work: impl Fn(&[Range<usize>], usize, &mut [T]) + Sync,
) {
    let total: usize = runs.iter().map(ExactSizeIterator::len).sum();
    if total < LARGE {
        return work(runs, 0, values);
    }
    let mut before = 0;
    let half = runs.partition_point(|run| {
        before += run.len();
        before < total / 2
    });
    let (first, second) = runs.split_at(half);
    let middle = second.first().map_or(values.len(), |run| run.start);
    let (upper, lower) = values.split_at_mut(middle);
    thread::scope(|scope| {
        scope.spawn(|| work(second, middle, lower));
        work(first, 0, upper);
    });
}
