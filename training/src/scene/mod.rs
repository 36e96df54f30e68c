//! Pictures composed on the fly. A sample is a function of its number alone, so a run that is resumed goes on with
//! exactly the samples that it would have seen.

mod backdrop;
mod canvas;
mod colours;
mod scenes;
mod words;

pub(crate) use colours::COLOURS;
pub(crate) use scenes::{SceneKind, scene};
pub(crate) use words::several;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The chance of sample `index` of a run.
pub(crate) fn chance(seed: u64, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng
}
