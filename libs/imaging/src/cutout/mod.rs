//! Cutting a subject out of its picture.

mod colours;
mod cues;
mod dispute;
mod doubt;
mod gmm;
mod grabcut;
mod judge;
mod laplacian;
mod look;
mod marks;
pub(crate) mod mask;
pub(crate) mod matte;
mod matting;
mod maxflow;
mod nearby;
mod outlined;
mod parts;
mod photograph;
pub(crate) mod plain;
mod runs;
mod seeds;
mod shade;
mod shadow;
pub(crate) mod spread;
mod types;
mod window;

use image::{RgbImage, RgbaImage};

use crate::background::PlainBackground;
use crate::blur::gaussian;
use crate::decode::Decoded;
use crate::error::{ImageError, Reason};
use crate::resize::{resize_rgb, resize_rgba};
pub use doubt::Doubt;
pub use look::Saliency;
use mask::Mask;
use outlined::{Judged, Outlined};
pub use photograph::Search;
pub use types::{Cutout, CutoutHint, CutoutMeasures, DOUBTFUL, Edges, Method};

/// Larger pictures are cut out at this size.
const MAX_SIDE: u32 = 8000;

/// Cuts the subject out of a picture: by its own alpha channel, by its difference from a plain backdrop, or by GrabCut
/// inside the hinted box (or the whole picture but a margin).
///
/// # Errors
/// [`Reason::Invalid`] when the hint is no box or no subject is found.
pub fn cutout(picture: &Decoded, hint: &CutoutHint) -> Result<Cutout, ImageError> {
    hint.check()?;
    if picture.is_cut_out() {
        return from_alpha(picture.to_rgba());
    }
    opaque(&reduced(picture, hint.most_side)?, hint)
}

/// Cuts the subject out by the picture's own alpha channel.
///
/// # Errors
/// [`Reason::Invalid`] when the hint is no box or the alpha channel hides everything.
pub fn cutout_by_alpha(picture: &Decoded, hint: &CutoutHint) -> Result<Cutout, ImageError> {
    hint.check()?;
    let rgba = picture.to_rgba();
    let [width, height] = reduced_size(rgba.dimensions(), hint.most_side);
    from_alpha(resize_rgba(&rgba, width, height)?)
}

/// As [`cutout`] without a box, of a picture that is opaque; `most_side` as in [`CutoutHint`].
///
/// # Errors
/// [`Reason::Invalid`] when no subject is found.
pub(crate) fn cutout_opaque(image: &RgbImage, most_side: Option<u32>) -> Result<Cutout, ImageError> {
    opaque(&reduced_rgb(image, most_side)?, &CutoutHint { most_side, ..CutoutHint::default() })
}

fn opaque(image: &RgbImage, hint: &CutoutHint) -> Result<Cutout, ImageError> {
    if image.width() < 8 || image.height() < 8 {
        return Err(nothing());
    }
    if hint.bounds.is_none()
        && let Some(cut) = from_plain(image)?
    {
        return Ok(cut);
    }
    let bounds = hint.bounds.unwrap_or(WHOLE);
    let (mask, separation) = grabcut::mask(image, bounds)?.ok_or_else(nothing)?;
    Ok(Outlined::softened(image, &mask, Method::GrabCut, separation)?.cut(image))
}

/// A picture without alpha, its longer side at most `most_side` pixels (None: 8000, which nothing exceeds).
///
/// # Errors
/// [`Reason::Codec`] when it cannot be resized.
pub fn reduced(picture: &Decoded, most_side: Option<u32>) -> Result<RgbImage, ImageError> {
    reduced_rgb(&picture.to_rgb(), most_side)
}

fn reduced_rgb(image: &RgbImage, most_side: Option<u32>) -> Result<RgbImage, ImageError> {
    let [width, height] = reduced_size(image.dimensions(), most_side);
    resize_rgb(image, width, height)
}

fn reduced_size((width, height): (u32, u32), most_side: Option<u32>) -> [u32; 2] {
    let most = most_side.map_or(MAX_SIDE, |side| side.clamp(8, MAX_SIDE));
    let scale = (most as f32 / width.max(height) as f32).min(1.0);
    [width, height].map(|side| ((side as f32 * scale).round() as u32).max(1))
}

/// What stands out from a plain backdrop; None where there is no such backdrop or nothing does.
fn from_plain(image: &RgbImage) -> Result<Option<Cutout>, ImageError> {
    let model = PlainBackground::fit(image);
    if !model.is_plain() {
        return Ok(None);
    }
    let mask = plain::mask(image, &model);
    if mask.area() * 500 <= mask.on.len() {
        return Ok(None);
    }
    if let Some(soft) = plain::soft(image, &model, &mask).filter(|soft| soft.mask.area() > 0) {
        let mut alpha = soft.mask.plane();
        gaussian(&mut alpha, soft.mask.width, soft.mask.height, 1.0);
        let ambiguous = matte::soften(image, &mask).ambiguous;
        let rgba = matte::with_alpha(&soft.clean, &alpha);
        let method = Method::PlainBackdrop;
        return Ok(Some(Judged::of(&solid(&rgba), method, ambiguous, model.inliers)?.cut(rgba, method)));
    }
    Ok(Some(Outlined::softened(image, &mask, Method::PlainBackdrop, model.inliers)?.cut(image)))
}

/// Where a subject is looked for without a hint: products are photographed with some room round them.
const WHOLE: [f32; 4] = [0.05, 0.02, 0.95, 0.98];

fn nothing() -> ImageError {
    Reason::Invalid("no subject stands out in the picture".into()).into()
}

fn from_alpha(rgba: RgbaImage) -> Result<Cutout, ImageError> {
    Ok(Judged::of(&solid(&rgba), Method::Alpha, 0.0, 1.0)?.cut(rgba, Method::Alpha))
}

/// What of a cut-out is at least half opaque.
fn solid(rgba: &RgbaImage) -> Mask {
    let on = rgba.pixels().map(|p| p.0[3] >= 128).collect();
    Mask::new(rgba.width() as usize, rgba.height() as usize, on)
}
