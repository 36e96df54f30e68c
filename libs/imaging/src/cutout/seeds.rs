//! From several looks at a picture to what is certain of its subject: where all agree, and where a plain backdrop tells.

use super::cues::Cue;
use super::dispute::Disputes;
use super::mask::Mask;
use super::matting::{CERTAIN, Known};

/// How much the looks saw, pixel by pixel.
pub(super) struct Votes {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) least: Vec<f32>,
    pub(super) mean: Vec<f32>,
    pub(super) most: Vec<f32>,
    looks: Vec<Vec<f32>>,
    disputes: Disputes,
}

/// Intersection over union of what is more than half there.
fn overlap(a: &[f32], b: &[f32]) -> f32 {
    let count = |is: fn(bool, bool) -> bool| a.iter().zip(b).filter(|(a, b)| is(**a > 0.5, **b > 0.5)).count() as f32;
    count(|a, b| a && b) / count(|a, b| a || b).max(1.0)
}

/// What all looks must see for a pixel to be subject, and none may for it to be surroundings.
const SUBJECT: f32 = 0.8;
const SURROUNDINGS: f32 = 0.1;
/// The same for what looks like a plain backdrop or its shadow.
const SUBJECT_ALL_THE_SAME: f32 = 0.985;
/// What lies this near to an edge of the certain is not certain, pixels: networks see edges a little blurred.
const EDGE: usize = 2;
/// A hole is at least one of so many parts of the subject's area.
const HOLE: usize = 150;
/// How much alpha changes near a pixel that is no edge, and where subject begins there.
const FLAT: f32 = 0.25;
const HALF: f32 = 0.45;
/// What an opinion weighs, and a cue of the backdrop.
const OPINION: f32 = 3e-3;
const CUE: f32 = 0.3;

impl Votes {
    pub(super) fn of(width: usize, height: usize, looks: Vec<Vec<f32>>) -> Self {
        let over = |f: &dyn Fn(&mut dyn Iterator<Item = f32>) -> f32| {
            (0..width * height).map(|i| f(&mut looks.iter().map(|plane| plane[i]))).collect::<Vec<f32>>()
        };
        let least = over(&|values| values.fold(1.0, f32::min));
        let mean = over(&|values| values.sum::<f32>() / looks.len() as f32);
        let most = over(&|values| values.fold(0.0, f32::max));
        let disputes = Disputes::of(width, &looks, &least, &most);
        Self { width, height, least, mean, most, looks, disputes }
    }

    fn mask(&self, on: impl Fn(usize) -> bool) -> Mask {
        Mask::new(self.width, self.height, (0..self.width * self.height).map(on).collect())
    }

    /// What the looks think of a pixel, all in all. Of what looks like the backdrop those that show less detail know best: it is inside a thing or not. And
    /// a shadow goes with its thing for networks: only what they are quite sure of is no shadow.
    pub(super) fn opinion(&self, i: usize, cue: Cue) -> f32 {
        let (mean, most) = (self.mean[i], self.most[i]);
        match cue {
            Cue::Shadow => ((mean - 0.9) / 0.1).clamp(0.0, 1.0),
            Cue::Backdrop | Cue::Same => {
                let less = &self.looks[1..self.looks.len().min(3)];
                less.iter().map(|seen| seen[i]).sum::<f32>() / less.len().max(1) as f32
            }
            Cue::Open | Cue::Other => mean + self.disputes.lift[i] * (most - mean),
        }
    }

    /// How far the looks agree on what the subject is, 0..=1: intersection over union.
    pub(super) fn agreement(&self) -> f32 {
        overlap(&self.least, &self.most)
    }

    /// How far each look agrees with a subject, intersection over union; the second best.
    pub(super) fn support(&self, alpha: &[f32]) -> f32 {
        let mut each: Vec<f32> = self.looks.iter().map(|seen| overlap(seen, alpha)).collect();
        each.sort_by(|a, b| b.total_cmp(a));
        each.get(1).or(each.first()).copied().unwrap_or(0.0)
    }

    /// The cues less those that the looks know better.
    fn heeded(&self, cues: &[Cue]) -> Vec<Cue> {
        let heeded = |(cue, witnessed): (&Cue, &bool)| if *witnessed && cue.is_behind() { Cue::Open } else { *cue };
        cues.iter().zip(&self.disputes.witnessed).map(heeded).collect()
    }

    /// Whether a pixel is subject because several looks saw it, whatever it looks like.
    pub(super) fn witnessed(&self, i: usize) -> bool {
        self.disputes.witnessed[i]
    }

    /// What is known of the subject's alpha. `cues`: what a plain backdrop tells, where there is one.
    pub(super) fn known(&self, cues: Option<&[Cue]>) -> Known {
        let heeded = cues.map(|cues| self.heeded(cues));
        let cues = heeded.as_deref();
        let cue = |i: usize| cues.map_or(Cue::Open, |cues| cues[i]);
        let seen_through = cues.map(|cues| self.seen_through(cues));
        let open = |i: usize| seen_through.as_ref().is_some_and(|holes| holes.on[i]);
        let sure = |i: usize| !open(i) && (self.least[i] > SUBJECT_ALL_THE_SAME || !cue(i).is_behind());
        let subject = self.mask(|i| self.least[i] > SUBJECT).eroded(EDGE);
        let surroundings = self.mask(|i| self.most[i] < SURROUNDINGS).eroded(EDGE);
        let mut known = Known {
            alpha: (0..self.mean.len()).map(|i| self.opinion(i, cue(i))).collect(),
            weight: vec![OPINION; self.mean.len()],
        };
        let mut set = |i: usize, alpha: f32, weight: f32| (known.alpha[i], known.weight[i]) = (alpha, weight);
        if let Some(cues) = cues {
            let back = self.mask(|i| open(i) || self.backdrop(cues, i)).eroded_within(1, &surroundings);
            for (i, cue) in cues.iter().enumerate() {
                if back.on[i] {
                    set(i, 0.0, CUE);
                } else if *cue == Cue::Other && self.most[i] > 0.3 {
                    set(i, 1.0, CUE / 3.0);
                }
            }
        }
        for i in 0..self.mean.len() {
            if subject.on[i] && sure(i) {
                set(i, 1.0, CERTAIN);
            } else if surroundings.on[i] && cues.is_none_or(|cues| cues[i] != Cue::Other || self.most[i] < 0.02) {
                set(i, 0.0, CERTAIN);
            }
        }
        known
    }

    /// What is known once an alpha was found: in the middle of what is neither all subject nor none, one is decided for. Only
    /// edges, and what is as fine as they are, let something through.
    pub(super) fn decided(&self, mut known: Known, alpha: &[f32]) -> Known {
        let (w, h) = (self.width, self.height);
        let beside = |i: usize, of: usize| i.saturating_sub(EDGE)..(i + EDGE + 1).min(of);
        for i in 0..alpha.len() {
            if known.weight[i] > CUE {
                continue;
            }
            let near = beside(i / w, h).flat_map(|y| beside(i % w, w).map(move |x| alpha[y * w + x]));
            let (least, most) = near.fold((1.0f32, 0.0f32), |(l, m), a| (l.min(a), m.max(a)));
            if most - least < FLAT {
                (known.alpha[i], known.weight[i]) = (if alpha[i] > HALF { 1.0 } else { 0.0 }, CUE);
            }
        }
        known
    }

    /// Where the backdrop itself is seen, and much of it at a time.
    fn seen_through(&self, cues: &[Cue]) -> Mask {
        let mut same = self.mask(|i| cues[i] == Cue::Same).eroded(1);
        let least = self.mean.iter().filter(|mean| **mean > 0.5).count() / HOLE;
        same.keep_parts(|pixels| pixels.len() > least);
        same
    }

    /// Whether a pixel looks like the backdrop, and the looks do not insist that it is subject.
    fn backdrop(&self, cues: &[Cue], i: usize) -> bool {
        cues[i].is_behind() && self.least[i] < 0.75 && self.opinion(i, cues[i]) < HALF
    }
}
