//! A render that is brought into many shapes: what is found out about it once serves all of them.

use image::RgbImage;
use std::borrow::Cow;
use std::sync::OnceLock;

use cavendish_specs::PixelBox;

use crate::background::PlainBackground;
use crate::cutout::{Cutout, cutout_opaque};
use crate::error::ImageError;
use crate::measure::subject_box;
use crate::resize::{halved, resize_part};

/// How often a picture is halved before it is resampled, at most.
const HALVINGS: usize = 4;
/// Pixels of the source per pixel of the result, along a side, from which a half of it serves as well: what Lanczos is left
/// to do is then at least half of that.
const WORTH_HALVING: f64 = 4.0;

/// Longer side in pixels at which it is looked for a subject before a busy backdrop.
const FOUND_AT: u32 = 256;

/// A picture with its backdrop's model, its subject and its halves, each found out when it is first needed.
#[derive(Debug)]
pub struct Render<'a> {
    image: Cow<'a, RgbImage>,
    backdrop: OnceLock<PlainBackground>,
    subject: OnceLock<Option<PixelBox>>,
    halves: [OnceLock<RgbImage>; HALVINGS],
    /// The same picture drawn on beyond its edges, this way and that, and its corner in each.
    wider: Vec<(Render<'static>, [u32; 2])>,
}

impl From<RgbImage> for Render<'static> {
    fn from(image: RgbImage) -> Self {
        Render::with(Cow::Owned(image))
    }
}

impl<'a> From<&'a RgbImage> for Render<'a> {
    fn from(image: &'a RgbImage) -> Self {
        Self::with(Cow::Borrowed(image))
    }
}

/// The part of a scaled picture that lies on a canvas.
pub(crate) struct Visible {
    pub(crate) picture: RgbImage,
    /// Its corner on the canvas.
    pub(crate) at: (u32, u32),
}

impl<'a> Render<'a> {
    fn with(image: Cow<'a, RgbImage>) -> Self {
        Self { image, backdrop: OnceLock::new(), subject: OnceLock::new(), halves: Default::default(), wider: vec![] }
    }

    /// The picture.
    pub fn image(&self) -> &RgbImage {
        &self.image
    }

    /// The same with what a model drew beyond its edges: `wider`, in which the picture's corner is at `at`. Shapes that show
    /// more than the picture have it from there; of several, from the one that shows most.
    #[must_use]
    pub fn outpainted(mut self, wider: RgbImage, at: [u32; 2]) -> Self {
        self.wider.push((wider.into(), at));
        self
    }

    /// What stands out in it, where something does: before a plain backdrop as exactly as [`crate::cutout`] cuts it out at
    /// `most_side`; else as exactly as it takes to know where it is.
    pub fn found(&self, most_side: Option<u32>) -> Option<Cutout> {
        let side = if self.is_plain() { most_side } else { Some(most_side.unwrap_or(FOUND_AT).min(FOUND_AT)) };
        cutout_opaque(&self.image, side).ok()
    }

    /// The wider picture that shows most of a canvas on which this one lies so.
    pub(super) fn wider(
        &self,
        scale: f32,
        corner: [f32; 2],
        canvas: (u32, u32),
    ) -> Option<(&Render<'static>, [u32; 2])> {
        let shows = |wider: &Render<'_>, at: [u32; 2]| {
            let along = |axis: usize, side: u32, end: u32| {
                let from = corner[axis] - at[axis] as f32 * scale;
                (from + side as f32 * scale).min(end as f32) - from.max(0.0)
            };
            along(0, wider.image.width(), canvas.0) * along(1, wider.image.height(), canvas.1)
        };
        let all = self.wider.iter().map(|(wider, at)| (wider, *at));
        all.max_by(|(a, at), (b, other)| shows(a, *at).total_cmp(&shows(b, *other)))
    }

    /// Whether its backdrop is plain, and so is continued without a model.
    pub fn is_plain(&self) -> bool {
        self.backdrop().is_plain()
    }

    pub(super) fn backdrop(&self) -> &PlainBackground {
        self.backdrop.get_or_init(|| PlainBackground::fit(&self.image))
    }

    /// Where it is before a plain backdrop; a picture without pixels has none.
    pub(super) fn subject(&self) -> Option<PixelBox> {
        *self.subject.get_or_init(|| subject_box(&self.image).ok().flatten())
    }

    /// What is seen on a canvas of the picture, scaled, with its corner at this place; None where nothing is.
    pub(super) fn visible(
        &self,
        scale: f32,
        corner: [f32; 2],
        canvas: (u32, u32),
    ) -> Result<Option<Visible>, ImageError> {
        let side = |n: u32| ((n as f32 * scale).round() as u32).max(1);
        let of = (side(self.image.width()), side(self.image.height()));
        let span = |corner: f32, length: u32, canvas: u32| {
            let corner = corner.round() as i64;
            let (from, to) = (corner.max(0), (corner + i64::from(length)).min(i64::from(canvas)));
            (from < to).then(|| (from as u32, (to - from) as u32, (from - corner) as u32))
        };
        let (Some((x, width, left)), Some((y, height, top))) =
            (span(corner[0], of.0, canvas.0), span(corner[1], of.1, canvas.1))
        else {
            return Ok(None);
        };
        let picture = self.scaled_part(of, [left, top], [width, height])?;
        Ok(Some(Visible { picture, at: (x, y) }))
    }

    /// A part of the picture scaled to `of`: the `size` pixels of that from `from` on.
    fn scaled_part(&self, of: (u32, u32), from: [u32; 2], size: [u32; 2]) -> Result<RgbImage, ImageError> {
        let per_pixel = f64::from(self.image.width()) / f64::from(of.0);
        let per_pixel = per_pixel.min(f64::from(self.image.height()) / f64::from(of.1));
        let source = self.halved_for(per_pixel);
        let [sx, sy] = [f64::from(source.width()) / f64::from(of.0), f64::from(source.height()) / f64::from(of.1)];
        let part = [f64::from(from[0]) * sx, f64::from(from[1]) * sy, f64::from(size[0]) * sx, f64::from(size[1]) * sy];
        resize_part(source, part, size)
    }

    /// The picture, halved as often as so many of its pixels become one.
    fn halved_for(&self, per_pixel: f64) -> &RgbImage {
        let (mut source, mut left): (&RgbImage, f64) = (&self.image, per_pixel);
        for half in &self.halves {
            // Odd sides have no half; it would lie beside the picture.
            if left < WORTH_HALVING || source.width() % 2 == 1 || source.height() % 2 == 1 {
                break;
            }
            let whole = source;
            source = half.get_or_init(|| halved(whole));
            left /= 2.0;
        }
        source
    }
}
