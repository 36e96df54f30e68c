//! A whole render in another shape: cropped round its subject, or its backdrop continued; never stretched.

mod folded;
mod lay;
mod render;

use cavendish_specs::PixelBox;
use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::{ImageError, Reason};
use crate::extend::{self, Site};
use lay::lay;
pub(crate) use lay::{grain, put};
pub use render::Render;
pub(crate) use render::Visible;

/// What was done to reach the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitMode {
    /// Something of the surroundings was cut away, or nothing at all.
    Cropped,
    /// The plain backdrop was continued.
    Extended,
    /// The surroundings are not plain: their edge was continued softly.
    Padded,
    /// The surroundings are not plain: a model drew them on, see [`Render::outpainted`].
    Outpainted,
}

/// A picture in its new shape.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The picture.
    pub image: RgbImage,
    /// How it got there.
    pub mode: FitMode,
    /// Pixels of the result per pixel of the source; above 1 the source had too few.
    pub scale: f32,
    /// Where the subject is now; None when it is not known.
    pub subject: Option<PixelBox>,
}

/// Part of the safe area that the subject may fill when it has to be made smaller, so that it has air all round.
const SNUG: f32 = 0.88;
/// Part of a picture that a crop has to leave, along either side, where nobody knows what is in it.
const LEFT_OVER: f32 = 0.5;
/// Where less would be left, the middle of the picture is taken for its subject: this part of each side.
const MIDDLE: f32 = 0.7;

/// `[left, top, right, bottom]`, pixels.
type Bounds = [f32; 4];

/// Where a picture lies on a canvas.
struct Arranged {
    /// What of the picture is kept whole; None where any crop will do.
    kept: Option<Bounds>,
    /// Whether that is a subject that is known, and not the middle.
    known: bool,
    /// Pixels of the canvas per pixel of the picture.
    scale: f32,
    /// The picture's corner, pixels of the canvas.
    corner: [f32; 2],
}

impl Render<'_> {
    /// Brings the picture to `width` × `height`. `subject` is `[left, top, right, bottom]` as shares of the picture (None:
    /// found where the backdrop is plain); `safe` the same in pixels of the result, which the subject stays within.
    /// The picture is cropped when that leaves the subject whole and within the safe area, else its backdrop is continued.
    /// Where no subject is known, the middle of the picture is kept when a crop would leave less than half of it.
    ///
    /// # Errors
    /// [`Reason::Invalid`] when the target, the picture or the safe area is empty.
    pub fn fit(
        &self,
        width: u32,
        height: u32,
        subject: Option<[f32; 4]>,
        safe: Option<[f32; 4]>,
    ) -> Result<Fitted, ImageError> {
        let arranged = self.arranged(width, height, subject, safe)?;
        let Some(bounds) = arranged.kept else {
            let image = lay(self, middle(self.size()), arranged.scale, arranged.corner, (width, height))?;
            return Ok(Fitted { image, mode: FitMode::Cropped, scale: arranged.scale, subject: None });
        };
        let fitted = self.set(bounds, arranged.scale, arranged.corner, (width, height))?;
        Ok(Fitted { subject: fitted.subject.filter(|_| arranged.known), ..fitted })
    }

    /// What of the picture [`Self::fit`] shows for these arguments: `[left, top, right, bottom]` in its pixels, below 0 and
    /// above its size where the shape shows more than there is. Less the half pixel of the result by which a picture may be
    /// too small for it.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn shown(
        &self,
        width: u32,
        height: u32,
        subject: Option<[f32; 4]>,
        safe: Option<[f32; 4]>,
    ) -> Result<[f32; 4], ImageError> {
        let Arranged { scale, corner: [x, y], .. } = self.arranged(width, height, subject, safe)?;
        Ok([0.5 - x, 0.5 - y, width as f32 - x - 0.5, height as f32 - y - 0.5].map(|side| side / scale))
    }

    fn arranged(
        &self,
        width: u32,
        height: u32,
        subject: Option<[f32; 4]>,
        safe: Option<[f32; 4]>,
    ) -> Result<Arranged, ImageError> {
        let of = self.size();
        let canvas = [width as f32, height as f32];
        let safe = safe.unwrap_or([0.0, 0.0, canvas[0], canvas[1]]);
        let room = [safe[2] - safe[0], safe[3] - safe[1]];
        if width == 0 || height == 0 || of[0] < 1.0 || of[1] < 1.0 || room[0] < 1.0 || room[1] < 1.0 {
            return Err(Reason::Invalid(format!("cannot fit {}×{} into {width}×{height}", of[0], of[1])).into());
        }
        let cover = (canvas[0] / of[0]).max(canvas[1] / of[1]);
        let subject = match subject {
            Some([l, t, r, b]) => Some([l * of[0], t * of[1], r * of[0], b * of[1]]),
            None => self.subject().map(|b| [b.x, b.y, b.x + b.width, b.y + b.height].map(|side| side as f32)),
        };
        let left_over = (0..2).map(|axis| canvas[axis] / (of[axis] * cover)).fold(1.0, f32::min);
        let (kept, known) = (subject.or_else(|| (left_over < LEFT_OVER).then(|| middle(of))), subject.is_some());
        let Some(bounds) = kept else {
            let corner = [0, 1].map(|axis| (canvas[axis] - of[axis] * cover) / 2.0);
            return Ok(Arranged { kept, known, scale: cover, corner });
        };
        let size = [0, 1].map(|axis| (bounds[axis + 2] - bounds[axis]).max(1.0));
        // A busy picture is not made smaller for more air than it has itself.
        let snug = |axis: usize| if self.is_plain() { SNUG } else { SNUG.max(size[axis] / of[axis]) };
        let scale = [0, 1].into_iter().map(|axis| room[axis] * snug(axis) / size[axis]).fold(cover, f32::min);
        Ok(Arranged { kept, known, scale, corner: corner(of, bounds, scale, canvas, safe) })
    }

    /// Sets the scaled picture on the canvas and continues it where it does not reach.
    fn set(&self, subject: Bounds, scale: f32, corner: [f32; 2], canvas: (u32, u32)) -> Result<Fitted, ImageError> {
        let (w, h) = (canvas.0 as f32, canvas.1 as f32);
        let at = |v: f32, axis: usize, limit: f32| (v * scale + corner[axis]).round().clamp(0.0, limit) as u32;
        let (x, y) = (at(subject[0], 0, w), at(subject[1], 1, h));
        let seen = PixelBox { x, y, width: at(subject[2], 0, w) - x, height: at(subject[3], 1, h) - y };
        let of = self.size();
        let (mode, image) = if self.reaches(scale, corner, canvas) {
            (FitMode::Cropped, lay(self, subject, scale, corner, canvas)?)
        } else if self.is_plain() {
            let subject = [subject[0] / of[0], subject[1] / of[1], subject[2] / of[0], subject[3] / of[1]];
            let site = Site { corner, size: of.map(|side| side * scale), subject };
            let seen = self.visible(scale, corner, canvas)?;
            (FitMode::Extended, extend::painted(canvas, seen.as_ref(), self.backdrop(), &site))
        } else if let Some((wider, at)) = self.wider(scale, corner, canvas) {
            let corner = [0, 1].map(|axis| corner[axis] - at[axis] as f32 * scale);
            let subject = [0, 1, 2, 3].map(|side| subject[side] + at[side % 2] as f32);
            let mode = if wider.reaches(scale, corner, canvas) { FitMode::Outpainted } else { FitMode::Padded };
            (mode, lay(wider, subject, scale, corner, canvas)?)
        } else {
            (FitMode::Padded, lay(self, subject, scale, corner, canvas)?)
        };
        Ok(Fitted { image, mode, scale, subject: Some(seen) })
    }

    fn size(&self) -> [f32; 2] {
        [self.image().width() as f32, self.image().height() as f32]
    }

    /// Whether the scaled picture covers the canvas from this corner on.
    fn reaches(&self, scale: f32, corner: [f32; 2], canvas: (u32, u32)) -> bool {
        let along = |corner: f32, of: u32, end: u32| corner <= 0.5 && corner + of as f32 * scale >= end as f32 - 0.5;
        let image = self.image();
        along(corner[0], image.width(), canvas.0) && along(corner[1], image.height(), canvas.1)
    }

    /// The picture in its own size on a larger canvas with its corner at this place, its surroundings continued softly.
    ///
    /// # Errors
    /// [`Reason::Invalid`] when nothing of it lies on the canvas.
    pub fn laid(&self, corner: [u32; 2], canvas: (u32, u32)) -> Result<RgbImage, ImageError> {
        lay(self, middle(self.size()), 1.0, corner.map(|side| side as f32), canvas)
    }
}

/// As [`Render::fit`], for a picture that is needed in one shape only.
///
/// # Errors
/// As [`Render::fit`].
pub fn fit(
    image: &RgbImage,
    width: u32,
    height: u32,
    subject: Option<[f32; 4]>,
    safe: Option<[f32; 4]>,
) -> Result<Fitted, ImageError> {
    Render::from(image).fit(width, height, subject, safe)
}

/// The middle of a picture of this size.
fn middle(of: [f32; 2]) -> Bounds {
    let edge = (1.0 - MIDDLE) / 2.0;
    [of[0] * edge, of[1] * edge, of[0] * (1.0 - edge), of[1] * (1.0 - edge)]
}

/// Where the scaled picture's corner goes: the subject in the middle of its safe area, and where the picture can cover the
/// canvas, it does, as long as the subject stays in its safe area.
fn corner(of: [f32; 2], subject: Bounds, scale: f32, canvas: [f32; 2], safe: Bounds) -> [f32; 2] {
    [0, 1].map(|axis| {
        let (from, to) = (subject[axis] * scale, subject[axis + 2] * scale);
        let centred = (safe[axis] + safe[axis + 2]) / 2.0 - (from + to) / 2.0;
        let spare = canvas[axis] - of[axis] * scale;
        let covering = centred.clamp(spare.min(0.0), spare.max(0.0));
        let inside = from + covering >= safe[axis] && to + covering <= safe[axis + 2];
        if inside { covering.round() } else { centred.round() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_continued_backdrop_has_no_seam() {
        let render = RgbImage::from_fn(128, 128, |x, y| {
            let (u, v) = (x as f32 / 64.0 - 1.0, y as f32 / 64.0 - 1.0);
            if u.abs() < 0.5 && v.abs() < 0.5 {
                return image::Rgb([200, 60, 30]);
            }
            let light = 1.0 - 0.2 * (u * u + v * v) / 2.0;
            image::Rgb([130.0, 200.0, 250.0].map(|c| (c * light) as u8))
        });
        let wide = fit(&render, 600, 300, None, None).unwrap();
        assert_eq!(wide.mode, FitMode::Extended);
        for y in [10, 150, 290] {
            for x in 0..600 - 6 {
                let (a, b) = (wide.image.get_pixel(x, y).0, wide.image.get_pixel(x + 6, y).0);
                let subject = wide.subject.unwrap();
                if (subject.x.saturating_sub(24)..subject.x + subject.width + 24).contains(&x) {
                    continue;
                }
                assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 6), "a step at {x}, {y}: {a:?} to {b:?}");
            }
        }
    }
}
