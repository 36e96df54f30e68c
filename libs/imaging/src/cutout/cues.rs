//! What a plain backdrop says of each pixel: whether it is backdrop, backdrop in shadow, or surely something else.

use image::RgbImage;

use crate::background::{PlainBackground, place};

/// What a pixel may be, by its difference from a plain backdrop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// Neither tells.
    Open,
    /// Exactly as the backdrop is here, where that is not merely white: more of it is seen through a hole.
    Same,
    /// As the backdrop is here.
    Backdrop,
    /// As the backdrop is, with less light and without edges: a shadow, most likely.
    Shadow,
    /// Nothing that light makes of the backdrop.
    Other,
}

/// How plain a backdrop must be for its cues to count: the typical distance from the model, levels, and the share of the
/// border that lies near it.
const MOST_NOISE: f32 = 5.0;
const LEAST_INLIERS: f32 = 0.84;

/// Levels above which all colours look alike: a white thing before a white backdrop is not a hole.
const NEAR_WHITE: f32 = 236.0;

impl Cue {
    /// Whether it is the backdrop, most likely.
    pub(super) fn is_behind(self) -> bool {
        matches!(self, Self::Same | Self::Backdrop | Self::Shadow)
    }
}

/// Cues for every pixel of a part (left, top, width, height as shares of the picture) at the size of `image`, which shows the
/// part; None where the backdrop is not plain.
pub(super) fn cues(model: &PlainBackground, image: &RgbImage, part: [f32; 4]) -> Option<Vec<Cue>> {
    if model.noise > MOST_NOISE || model.inliers < LEAST_INLIERS {
        return None;
    }
    let (w, h) = image.dimensions();
    let edges = edges(image);
    let noise = model.noise.max(1.5);
    let mut cues = Vec::with_capacity(edges.len());
    for y in 0..h {
        let row = model.along((part[1] + (place(y, h) + 1.0) / 2.0 * part[3]) * 2.0 - 1.0);
        for x in 0..w {
            let behind = row.at((part[0] + (place(x, w) + 1.0) / 2.0 * part[2]) * 2.0 - 1.0);
            let colour = image.get_pixel(x, y).0.map(f32::from);
            cues.push(cue(colour, behind, noise, edges[(y * w + x) as usize]));
        }
    }
    Some(cues)
}

/// `edge` is how fast lightness changes here, levels a pixel.
fn cue(colour: [f32; 3], behind: [f32; 3], noise: f32, edge: f32) -> Cue {
    let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let power = dot(behind, behind).max(1.0);
    let scale = dot(colour, behind) / power;
    let tint = (0..3).map(|i| (colour[i] - scale * behind[i]).powi(2)).sum::<f32>().sqrt();
    let light = (scale - 1.0) * power.sqrt();
    let white = behind.iter().all(|v| *v > NEAR_WHITE);
    if !white && tint < noise + 1.5 && light.abs() < 1.5 * noise + 2.0 {
        Cue::Same
    } else if tint < 2.0 * noise + 2.0 && light.abs() < 3.0 * noise + 3.0 {
        Cue::Backdrop
    } else if tint < 3.0 * noise + 12.0 && (-0.5..0.0).contains(&(scale - 1.0)) && edge < 12.0 + 2.0 * noise {
        Cue::Shadow
    } else if tint > 4.0 * noise + 18.0 || scale < 0.4 || light > 5.0 * noise + 20.0 {
        Cue::Other
    } else {
        Cue::Open
    }
}

/// How fast lightness changes, levels a pixel.
fn edges(image: &RgbImage) -> Vec<f32> {
    let (w, h) = (image.width() as usize, image.height() as usize);
    let mut light: Vec<f32> = image
        .pixels()
        .map(|p| 0.299 * f32::from(p.0[0]) + 0.587 * f32::from(p.0[1]) + 0.114 * f32::from(p.0[2]))
        .collect();
    crate::blur::gaussian(&mut light, w, h, 1.0);
    let at = |x: usize, y: usize| light[y.min(h - 1) * w + x.min(w - 1)];
    let slope = |i: usize| {
        let (x, y) = (i % w, i / w);
        let across = at(x + 1, y) - at(x.saturating_sub(1), y);
        let down = at(x, y + 1) - at(x, y.saturating_sub(1));
        across.hypot(down) / 2.0
    };
    (0..light.len()).map(slope).collect()
}
