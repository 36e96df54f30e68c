//! The fixed set of what is asked for: a function of the objects and nothing else.

use crate::data::{Object, Objects, Split};
use crate::scene::{COLOURS, chance, several};
use rand::seq::SliceRandom;

/// Prompts with one known object.
const SINGLES: usize = 120;
/// Pairs of known objects, and counts of one.
const PAIRS: usize = 40;
const COUNTS: usize = 40;
/// Pictures of two, three and five profiles.
const GROUPS: usize = 20;
/// Subject profiles.
const PROFILES: usize = 60;

/// A background by its word and its sRGB.
pub(super) type Ground = (&'static str, [u8; 3]);

pub(super) struct Prompts<'a> {
    /// Known objects, each before a colour.
    pub(super) singles: Vec<(&'a Object, Ground)>,
    /// Left and right.
    pub(super) pairs: Vec<([&'a Object; 2], Ground)>,
    /// How many of it, two or three.
    pub(super) counts: Vec<(&'a Object, usize, Ground)>,
    /// Pictures of several profiles, of each number.
    pub(super) groups: usize,
    /// Objects that no network learnt from.
    pub(super) profiles: Vec<&'a Object>,
}

impl<'a> Prompts<'a> {
    /// `share` (0..=1) of the whole set, for a quick look.
    pub(super) fn new(objects: &'a Objects, share: f64) -> Self {
        let mut rng = chance(2_000_003, 0);
        let mut named: Vec<_> =
            objects.of(&[Split::Train]).into_iter().filter(|object| objects.is_always(&object.name)).collect();
        named.shuffle(&mut rng);
        let mut held = objects.of(&[Split::HeldOut]);
        held.shuffle(&mut rng);
        let some = |count: usize| (count as f64 * share).ceil() as usize;
        let object = |n: usize| named[n % named.len()];
        Self {
            singles: (0..some(SINGLES)).map(|n| (object(n), ground(n))).collect(),
            pairs: (0..some(PAIRS))
                .map(|n| ([object(SINGLES + 2 * n), object(SINGLES + 2 * n + 1)], ground(n)))
                .collect(),
            counts: (0..some(COUNTS)).map(|n| (object(200 + n), 2 + n % 2, ground(n + 7))).collect(),
            groups: some(GROUPS),
            profiles: held.into_iter().take(some(PROFILES)).collect(),
        }
    }
}

/// One colour after the other.
pub(super) fn ground(n: usize) -> Ground {
    let (words, rgb) = COLOURS[n % COLOURS.len()];
    (words[0], rgb)
}

pub(super) fn single(name: &str, ground: Ground) -> String {
    format!("{name} on a {} background", ground.0)
}

/// Half say left, half right.
pub(super) fn pair([left, right]: [&Object; 2], ground: Ground, turned: bool) -> String {
    let relation = match turned {
        false => format!("{} to the left of {}", left.name, right.name),
        true => format!("{} to the right of {}", right.name, left.name),
    };
    single(&relation, ground)
}

pub(super) fn counted(object: &Object, count: usize, ground: Ground) -> String {
    single(&several(&object.name, count), ground)
}

/// Several in a row.
pub(super) fn group(objects: &[&Object], ground: Ground) -> String {
    let names: Vec<_> = objects.iter().map(|object| object.name.as_str()).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => single(&format!("{} and {last}", first.join(", ")), ground),
        _ => single(names.first().copied().unwrap_or_default(), ground),
    }
}
