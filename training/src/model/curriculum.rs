use crate::scene::{SceneKind, chance};
use rand::Rng;

/// Kinds of scenes with how often they come before and after identities are learnt: first one subject in the middle,
/// then rows, relations and counts.
const KINDS: &[(SceneKind, f64, f64)] = &[
    (row(64, 64, 1, true), 0.50, 0.24),
    (row(96, 64, 1, true), 0.10, 0.08),
    (row(64, 64, 1, false), 0.25, 0.14),
    (row(96, 64, 2, true), 0.10, 0.15),
    (row(96, 64, 2, false), 0.05, 0.12),
    (row(144, 64, 3, true), 0.0, 0.11),
    (row(144, 96, 5, true), 0.0, 0.06),
    (row(144, 96, 4, true), 0.0, 0.03),
    (row(144, 64, 3, false), 0.0, 0.02),
    (alike(96, 2), 0.0, 0.03),
    (alike(144, 3), 0.0, 0.02),
];

/// From this share of the run on the later mixture holds.
const WIDENED: f64 = 0.6;

/// The kind of scenes of a batch, `done` (0..=1) into the run.
pub(super) fn kind(seed: u64, batch: u64, done: f64) -> SceneKind {
    let share = |&(_, before, after): &(SceneKind, f64, f64)| if done < WIDENED { before } else { after };
    let mut left = chance(seed ^ 0x6b69_6e64, batch).random::<f64>() * KINDS.iter().map(share).sum::<f64>();
    let pick = KINDS.iter().find(|kind| {
        left -= share(kind);
        left < 0.0
    });
    pick.unwrap_or(&KINDS[0]).0
}

const fn row(width: usize, height: usize, subjects: usize, references: bool) -> SceneKind {
    SceneKind { width, height, subjects, references, alike: false }
}

const fn alike(width: usize, subjects: usize) -> SceneKind {
    SceneKind { width, height: 64, subjects, references: false, alike: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_batches_widen_the_scenes() {
        let most = |done| (0..500).map(|batch| kind(1, batch, done).subjects).max();
        assert_eq!((most(0.1), most(0.9)), (Some(2), Some(5)));
    }
}
