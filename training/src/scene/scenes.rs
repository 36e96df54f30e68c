use super::canvas::{Canvas, Light, Pose};
use super::colours::{COLOURS, shares};
use super::{backdrop, words};
use crate::data::Object;
use rand::Rng;
use rand::seq::{IndexedRandom, index};

/// Side of a reference as the model takes it.
pub(crate) const REFERENCE_SIDE: usize = 48;
/// Share of a reference that its subject fills.
const REFERENCE_FILL: f32 = 0.92;
/// What references stand on: mid grey.
const REFERENCE_GROUND: [f32; 3] = [0.5; 3];

/// What a batch of scenes has in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SceneKind {
    /// Pixels.
    pub(crate) width: usize,
    /// Pixels.
    pub(crate) height: usize,
    /// Subjects, row by row.
    pub(crate) subjects: usize,
    /// Whether every subject comes with a reference.
    pub(crate) references: bool,
    /// Whether the subjects are of one kind, which the caption counts.
    pub(crate) alike: bool,
}

/// A picture with its caption and the references of its subjects.
pub(crate) struct Scene {
    pub(crate) caption: String,
    /// Planes within −1..=1.
    pub(crate) picture: Vec<f32>,
    /// How much of every pixel subjects cover.
    pub(crate) cover: Vec<f32>,
    /// The references of its subjects, each in its place on mid grey: planes like the picture's; none where none are given.
    pub(crate) laid: Vec<f32>,
}

/// Subjects in their slots before a studio backdrop.
pub(crate) fn scene(kind: SceneKind, objects: &[&Object], rng: &mut impl Rng) -> Scene {
    let colour = COLOURS.choose(rng).unwrap_or(&COLOURS[0]);
    let picks = index::sample(rng, objects.len(), if kind.alike { 1 } else { kind.subjects });
    let mut chosen: Vec<&Object> = picks.iter().map(|pick| objects[pick]).collect();
    if kind.alike {
        chosen.resize(kind.subjects, chosen[0]);
    }
    let mut canvas = Canvas::new(kind.width, kind.height, shares(colour.1));
    backdrop::studio(&mut canvas, shares(colour.1), rng);
    let light = mild_light(rng);
    let poses = poses(kind, rng);
    for (object, pose) in chosen.iter().zip(&poses) {
        let foot = [pose.at[0], pose.at[1] + 0.46 * pose.side];
        canvas.shade(foot, [0.42 * pose.side, 0.09 * pose.side], rng.random_range(0.15..0.35));
        canvas.draw(object, pose, &light);
    }
    let word = choose_word(colour.0, rng);
    let caption = match kind.alike && kind.subjects > 1 {
        true => words::caption(&[words::several(&chosen[0].name, kind.subjects)], word, false, rng),
        false => {
            let names: Vec<String> = chosen.iter().map(|object| name(object, kind, rng)).collect();
            words::caption(&names, word, rng.random(), rng)
        }
    };
    let laid = if kind.references { laid(kind, &chosen, &poses, rng) } else { vec![] };
    Scene { caption, picture: canvas.planes(), cover: canvas.cover, laid }
}

/// Subjects alone on neutral ground, posed as in the scene: what a reference does not tell need not be guessed, and what is
/// guessed comes out blurred. Its light is its own.
fn laid(kind: SceneKind, chosen: &[&Object], poses: &[Pose], rng: &mut impl Rng) -> Vec<f32> {
    let mut canvas = Canvas::new(kind.width, kind.height, REFERENCE_GROUND);
    for (object, pose) in chosen.iter().zip(poses) {
        canvas.draw(object, pose, &mild_light(rng));
    }
    canvas.planes()
}

/// What the caption calls a subject: its name, or, where a reference shows it, at times just that.
fn name(object: &Object, kind: SceneKind, rng: &mut impl Rng) -> String {
    match kind.references && kind.subjects == 1 && rng.random_bool(0.3) {
        true => ["the product", "the subject", "product"].choose(rng).copied().unwrap_or_default().into(),
        false => object.name.clone(),
    }
}

fn mild_light(rng: &mut impl Rng) -> Light {
    let gain = rng.random_range(0.92..1.06_f32);
    Light { gain: [gain; 3], shade: rng.random_range(0.0..0.12), from: rng.random_range(0.0..360.0) }
}

/// The middles of places as large as a reference, row by row from the left, the rows in the middle of the picture.
fn places(kind: SceneKind) -> impl Iterator<Item = [f32; 2]> {
    let columns = (kind.width / REFERENCE_SIDE).clamp(1, kind.subjects);
    let rows = kind.subjects.div_ceil(columns);
    let margin = |all: usize, count: usize| (all.saturating_sub(count * REFERENCE_SIDE) / 2) as f32;
    let (left, top) = (margin(kind.width, columns), margin(kind.height, rows));
    let middle = |place: usize| (place as f32 + 0.5) * REFERENCE_SIDE as f32;
    (0..kind.subjects).map(move |index| [left + middle(index % columns), top + middle(index / columns)])
}

/// Where the subjects stand: each about in the middle of its place, about as large as references show it.
fn poses(kind: SceneKind, rng: &mut impl Rng) -> Vec<Pose> {
    let pose = |[x, y]: [f32; 2]| {
        let mut near = || rng.random_range(-1.5..1.5);
        let at = [x + near(), y + near()];
        let side = REFERENCE_SIDE as f32 * REFERENCE_FILL * rng.random_range(0.95..1.0);
        Pose { at, side, turn: rng.random_range(-2.0..2.0), mirrored: false }
    };
    places(kind).map(pose).collect()
}

/// Mostly the usual word, at times another.
fn choose_word(words: &'static [&'static str], rng: &mut impl Rng) -> &'static str {
    if rng.random_bool(0.7) { words[0] } else { words.choose(rng).copied().unwrap_or(words[0]) }
}
