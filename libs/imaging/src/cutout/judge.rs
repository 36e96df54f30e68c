//! How far a cut-out can be trusted.

use image::RgbaImage;

use super::cues::Cue;
use super::mask::Mask;
use super::seeds::Votes;
use super::{Cutout, CutoutMeasures, Doubt, Edges, Method, nothing};
use crate::error::ImageError;

/// Agreement of the looks below which they are told to disagree.
const AGREED: f32 = 0.8;
/// The share of the subject that is neither all there nor absent, above which it is faint.
const FAINT: f32 = 0.35;
/// Parts that stand out and were left out, as a share of the subject's area.
const LEFT_OUT: f32 = 0.06;
/// What differs from the backdrop and is no subject, and subject that does not differ, as a share of the subject.
const BEYOND: f32 = 0.25;
/// Subject that looks like the backdrop or its shadow, as a share of the subject, where what is surely subject has this share
/// of pixels that nothing makes of the backdrop: a white thing before white looks like it all over.
const BEHIND: f32 = 0.07;
const UNLIKE: f32 = 0.45;
/// What all looks must have seen to be surely subject.
const SURE: f32 = 0.9;

/// What is measured of the alpha that was drawn from `votes`.
pub(super) fn measures(votes: &Votes, cues: Option<&[Cue]>, alpha: &[f32]) -> CutoutMeasures {
    let area = alpha.iter().sum::<f32>().max(1.0);
    let mut filled = Mask::new(votes.width, votes.height, alpha.iter().map(|a| *a > 0.3).collect());
    filled.tidy(0.0, 1.0);
    let share =
        |is: &dyn Fn(usize) -> bool| (0..alpha.len()).filter(|i| !filled.on[*i] && is(*i)).count() as f32 / area;
    CutoutMeasures {
        agreement: votes.agreement(),
        support: votes.support(alpha),
        faint: alpha.iter().map(|a| 4.0 * a * (1.0 - a)).sum::<f32>() / area,
        left_out: share(&|i| {
            votes.most[i] > 0.5 && (votes.witnessed(i) || cues.is_none_or(|cues| !cues[i].is_behind()))
        }),
        beyond: cues.map_or(0.0, |cues| share(&|i| cues[i] == Cue::Other)),
        behind: cues.map_or(0.0, |cues| behind(votes, cues, alpha) / area),
    }
}

/// How many pixels of a subject look like the backdrop or its shadow; none where much of it does.
fn behind(votes: &Votes, cues: &[Cue], alpha: &[f32]) -> f32 {
    let count = |is: &dyn Fn(usize) -> bool| (0..alpha.len()).filter(|i| is(*i)).count() as f32;
    let unlike = count(&|i| votes.least[i] > SURE && cues[i] == Cue::Other);
    if unlike < UNLIKE * count(&|i| votes.least[i] > SURE) {
        return 0.0;
    }
    count(&|i| alpha[i] > 0.5 && cues[i].is_behind())
}

/// What is doubtful about a cut-out with these measures.
fn doubts(measures: &CutoutMeasures, in_box: bool) -> Vec<Doubt> {
    [
        (measures.support < AGREED, Doubt::LooksDisagree),
        (measures.faint > FAINT, Doubt::Faint),
        (measures.left_out > LEFT_OUT, if in_box { Doubt::BoxCuts } else { Doubt::PartsLeftOut }),
        (measures.beyond > BEYOND && !in_box, Doubt::BackdropDisagrees),
        (measures.behind > BEHIND, Doubt::BackdropKept),
    ]
    .into_iter()
    .filter_map(|(is, doubt)| is.then_some(doubt))
    .collect()
}

/// The cut-out with what is told of it.
pub(super) fn judged(
    rgba: RgbaImage,
    method: Method,
    measures: CutoutMeasures,
    in_box: bool,
) -> Result<Cutout, ImageError> {
    let doubts = doubts(&measures, in_box);
    told(rgba, method, doubts, Some(measures))
}

/// The same with doubts that are known.
pub(super) fn told(
    rgba: RgbaImage,
    method: Method,
    mut doubts: Vec<Doubt>,
    measures: Option<CutoutMeasures>,
) -> Result<Cutout, ImageError> {
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    let solid = Mask::new(width, height, rgba.pixels().map(|p| p.0[3] >= 128).collect());
    let bbox = solid.bounds().ok_or_else(nothing)?;
    let share = solid.area() as f32 / solid.on.len() as f32;
    if share < 0.01 {
        doubts.push(Doubt::VerySmall);
    }
    if share > 0.85 {
        doubts.push(Doubt::FillsPicture);
    }
    let touches = Edges {
        top: bbox.y == 0,
        left: bbox.x == 0,
        right: (bbox.x + bbox.width) as usize == width,
        bottom: (bbox.y + bbox.height) as usize == height,
    };
    let confidence = doubts.iter().map(|doubt| doubt.cost()).product();
    Ok(Cutout { rgba, bbox, confidence, uncertain: Doubt::told(&doubts), doubts, measures, touches, method })
}
