//! A render's plain backdrop continued without a seam: one smooth model for all of the canvas, and of the render only
//! what differs from it.

use image::RgbImage;

use crate::background::{PlainBackground, leveled};
use crate::fit::{Visible, grain, put};

/// Where a scaled picture lies on a canvas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// Corner on the canvas, pixels.
    pub(crate) corner: [f32; 2],
    /// Size on the canvas, pixels.
    pub(crate) size: [f32; 2],
    /// The subject's `[left, top, right, bottom]` as shares of the picture.
    pub(crate) subject: [f32; 4],
}

/// Room that the subject's shadow is given, as a share of the picture: left, top, right, bottom.
const SHADOW: [f32; 4] = [0.05, 0.03, 0.05, 0.1];
/// The narrowest strip over which picture and model are blended, as a share of the picture.
const NARROWEST: f32 = 0.04;

/// A canvas with what is seen of the picture, which lies at `site`, its backdrop continued round and under it.
pub(crate) fn painted(
    (width, height): (u32, u32),
    seen: Option<&Visible>,
    model: &PlainBackground,
    site: &Site,
) -> RgbImage {
    let mut canvas = RgbImage::new(width, height);
    // Along both axes once: where the model is asked, and how much of the picture stays.
    let across: Vec<(f32, f32)> = (0..width).map(|x| (leveled(site.place(x, 0)), site.keep(x, 0))).collect();
    if let Some(seen) = seen {
        put(&mut canvas, seen);
    }
    let span = |at: u32, size: u32| at..at + size;
    let (columns, rows) = seen
        .map_or((0..0, 0..0), |seen| (span(seen.at.0, seen.picture.width()), span(seen.at.1, seen.picture.height())));
    for (y, line) in (0..height).zip(canvas.chunks_exact_mut(width as usize * 3)) {
        let behind = model.along(leveled(site.place(y, 1)));
        let down = if rows.contains(&y) { site.keep(y, 1) } else { 0.0 };
        for ((x, &(place, keep)), to) in (0..width).zip(&across).zip(line.chunks_exact_mut(3)) {
            let keep = if columns.contains(&x) { keep * down } else { 0.0 };
            if keep >= 1.0 {
                continue;
            }
            let ground = behind.at(place);
            let colour = std::array::from_fn(|k| ground[k] + keep * (f32::from(to[k]) - ground[k]));
            to.copy_from_slice(&grain(if keep > 0.0 { colour } else { ground }, x, y));
        }
    }
    canvas
}

impl Site {
    /// Canvas pixel to the picture's −1..1.
    fn place(&self, i: u32, axis: usize) -> f32 {
        (i as f32 + 0.5 - self.corner[axis]) / self.size[axis] * 2.0 - 1.0
    }

    /// How much of the picture stays along one axis: all at the subject, nothing at the picture's edge.
    fn keep(&self, i: u32, axis: usize) -> f32 {
        let at = (i as f32 + 0.5 - self.corner[axis]) / self.size[axis];
        let low = (self.subject[axis] - SHADOW[axis]).max(NARROWEST);
        let high = (1.0 - self.subject[axis + 2] - SHADOW[axis + 2]).max(NARROWEST);
        let t = (at / low).min((1.0 - at) / high).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }
}
