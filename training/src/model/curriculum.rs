use crate::scene::{SceneKind, chance};
use clap::ValueEnum;
use rand::Rng;

/// What a network is to learn. A small one learns one of them well, or both badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lesson {
    /// To draw what is named.
    Names,
    /// To draw what references show.
    References,
}

/// The share of a run after which the later mixture holds: names are learnt slowly.
const WIDENED: f64 = 0.6;

/// A kind of scenes with how often it comes at first, and how often from [`WIDENED`] on.
type Share = (SceneKind, f64, f64);

/// First one subject in the middle, then pairs and counts.
const NAMES: &[Share] = &[
    (row(64, 64, 1, false), 0.80, 0.45),
    (row(96, 64, 2, false), 0.20, 0.40),
    (alike(96, 2, false), 0.0, 0.10),
    (alike(144, 3, false), 0.0, 0.05),
];

/// One to five subjects, each in its own place, and the same one several times: since references lie where their subjects
/// are drawn, what is learnt of one place holds for all.
const REFERENCES: &[Share] = &[
    (row(64, 64, 1, true), 0.42, 0.42),
    (row(96, 64, 2, true), 0.20, 0.20),
    (alike(96, 2, true), 0.04, 0.04),
    (row(144, 64, 3, true), 0.15, 0.15),
    (alike(144, 3, true), 0.04, 0.04),
    (row(144, 96, 4, true), 0.04, 0.04),
    (row(144, 96, 5, true), 0.11, 0.11),
];

impl Lesson {
    fn shares(self) -> &'static [Share] {
        match self {
            Self::Names => NAMES,
            Self::References => REFERENCES,
        }
    }

    /// The kind of scenes of a batch, `done` (0..=1) into the run.
    pub(super) fn kind(self, seed: u64, batch: u64, done: f64) -> SceneKind {
        let share = |&(_, before, after): &Share| if done < WIDENED { before } else { after };
        let kinds = self.shares();
        let mut left = chance(seed ^ 0x6b69_6e64, batch).random::<f64>() * kinds.iter().map(share).sum::<f64>();
        let pick = kinds.iter().find(|kind| {
            left -= share(kind);
            left < 0.0
        });
        pick.unwrap_or(&kinds[0]).0
    }
}

const fn row(width: usize, height: usize, subjects: usize, references: bool) -> SceneKind {
    SceneKind { width, height, subjects, references, alike: false }
}

const fn alike(width: usize, subjects: usize, references: bool) -> SceneKind {
    SceneKind { width, height: 64, subjects, references, alike: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_batches_widen_the_scenes() {
        let most = |lesson: Lesson, done| (0..500).map(|batch| lesson.kind(1, batch, done).subjects).max();
        assert_eq!((most(Lesson::Names, 0.1), most(Lesson::Names, 0.9)), (Some(2), Some(3)));
        assert_eq!((most(Lesson::References, 0.1), most(Lesson::References, 0.9)), (Some(5), Some(5)));
    }

    #[test]
    fn a_lesson_is_about_one_thing() {
        let about = |lesson: Lesson| (0..500).all(|batch| lesson.kind(2, batch, 0.9).references);
        assert!(about(Lesson::References) && !about(Lesson::Names));
    }
}
