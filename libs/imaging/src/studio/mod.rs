//! A clean studio, or a scene that was drawn: a backdrop of any colour and size, and subjects set down on it.

mod ambience;
mod backdrop;
mod enlarge;
mod ground;
mod seat;
mod shadow;

use cavendish_specs::PixelBox;
use image::{Rgb, RgbImage};

use crate::cutout::Cutout;
use crate::error::ImageError;
pub use ambience::Ambience;
pub use backdrop::Backdrop;
use backdrop::{Light, dithered};
use ground::Floor;
pub use ground::Ground;
pub use seat::Placed;
use shadow::Shade;
pub use shadow::Shadow;

/// How a subject is set into a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Wanted share of the frame, 0..1: the larger of the subject's width share and height share. Made smaller where
    /// the safe area asks for it.
    pub fill: f32,
    /// `[left, top, right, bottom]` in pixels of the canvas that the subject stays within. None: the whole canvas.
    pub safe: Option<[f32; 4]>,
    /// Where in the room that is left the subject stands: (0, 0) top left, (0.5, 0.5) centre, (1, 1) bottom right.
    pub anchor: (f32, f32),
    /// The shadow under it; None for a floating subject.
    pub shadow: Option<Shadow>,
}

impl Default for Placement {
    /// In the centre, four fifths of the frame, with the usual shadow.
    fn default() -> Self {
        Self { fill: 0.8, safe: None, anchor: (0.5, 0.5), shadow: Some(Shadow::default()) }
    }
}

impl Placement {
    /// Lower and smaller than in a studio, so that the scene is seen round the subjects.
    pub fn in_scene() -> Self {
        Self { fill: 0.62, anchor: (0.5, 0.82), ..Self::default() }
    }
}

/// A subject to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The subject.
    pub cutout: &'a Cutout,
    /// How tall it stands beside the others; 1 for all makes them equally tall.
    pub size: f32,
}

impl<'a> From<&'a Cutout> for Piece<'a> {
    fn from(cutout: &'a Cutout) -> Self {
        Self { cutout, size: 1.0 }
    }
}

/// A finished scene.
#[derive(Debug, Clone)]
pub struct Composition {
    /// The picture.
    pub image: RgbImage,
    /// The subjects, from left to right.
    pub subjects: Vec<Placed>,
    /// Where the subjects are together, without their shadows.
    pub subject: PixelBox,
    /// The larger of the subjects' width share and height share of the frame.
    pub fill: f32,
    /// Pixels of the picture per pixel of the photo; above 1 the photo had too few pixels for this size. The largest of
    /// several.
    pub scale: f32,
}

/// Sets a cut-out on a backdrop of `width` × `height` pixels; see [`compose_on`].
///
/// # Errors
/// [`crate::Reason::Invalid`] when the canvas or the safe area is empty.
pub fn compose(
    width: u32,
    height: u32,
    backdrop: &Backdrop,
    cutout: &Cutout,
    placement: &Placement,
) -> Result<Composition, ImageError> {
    compose_on(width, height, Ground::Studio(backdrop), &[cutout.into()], placement)
}

/// Sets cut-outs on a ground, from left to right on a common line. They are scaled evenly, never stretched, never cut,
/// and do not overlap. A single one that ran into an edge of its photo is set against the same edge of the canvas, unless
/// the ground has to stay pure white or that edge has to stay clear. On pure white the edge of the canvas is exactly
/// (255, 255, 255). In a scene, shadows fall away from its light and take on its colour, and so do the subjects'
/// half-transparent rims; where a subject is opaque its pixels are its own.
///
/// # Errors
/// [`crate::Reason::Invalid`] when the canvas or the safe area is empty, or there is no subject.
pub fn compose_on(
    width: u32,
    height: u32,
    ground: Ground<'_>,
    pieces: &[Piece<'_>],
    placement: &Placement,
) -> Result<Composition, ImageError> {
    let subjects = seat::seats((width, height), ground.is_pure_white(), pieces, placement)?;
    let frame = together(&subjects);
    let floor = Floor::new(ground, width, height, frame)?;
    let shades = shades(&subjects, (width, height), &floor, placement);
    let mut image = RgbImage::new(width, height);
    for (y, row) in image.as_mut().chunks_exact_mut(width as usize * 3).enumerate() {
        paint(row, y as u32, &floor, &shades, &subjects);
    }
    let [left, top, right, bottom] = frame;
    let (x, y) = (left.round().max(0.0) as u32, top.round().max(0.0) as u32);
    let subject = PixelBox {
        x,
        y,
        width: (right.round() as u32).min(width) - x,
        height: (bottom.round() as u32).min(height) - y,
    };
    let fill = (subject.width as f32 / width as f32).max(subject.height as f32 / height as f32);
    let scale = subjects.iter().map(|placed| placed.scale).fold(0.0, f32::max);
    Ok(Composition { image, subjects, subject, fill, scale })
}

/// The box round all subjects.
fn together(subjects: &[Placed]) -> [f32; 4] {
    let first = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    subjects.iter().fold(first, |all, Placed { frame, .. }| {
        [all[0].min(frame[0]), all[1].min(frame[1]), all[2].max(frame[2]), all[3].max(frame[3])]
    })
}

fn shades(subjects: &[Placed], canvas: (u32, u32), floor: &Floor<'_>, placement: &Placement) -> Vec<Shade> {
    let Some(shadow) = placement.shadow else { return vec![] };
    let shadow = Shadow { softness: shadow.softness * floor.softness(), ..shadow };
    let grounded = subjects.iter().filter(|placed| placed.grounded);
    grounded.map(|placed| shadow::cast(&placed.layer, placed.at, placed.frame, canvas, floor.lamp(), &shadow)).collect()
}

/// Paints one row: the ground, the shadows of all subjects on it, and the subjects over them.
fn paint(row: &mut [u8], y: u32, floor: &Floor<'_>, shades: &[Shade], subjects: &[Placed]) {
    let mut ground = floor.row(y);
    let dims: Vec<Vec<f32>> = shades.iter().map(|shade| shade.row(y)).collect();
    for (x, to) in row.chunks_exact_mut(3).enumerate() {
        let keep: f32 = dims.iter().map(|dim| 1.0 - dim[x]).product();
        let mut colour = floor.shaded(ground.next_colour(), keep);
        let mut opaque = false;
        for placed in subjects {
            let Some(pixel) = placed.at(x as u32, y) else { continue };
            let [r, g, b, a] = pixel.0;
            let alpha = f32::from(a) / 255.0;
            let top = floor.spilt([r, g, b].map(f32::from), alpha);
            colour = std::array::from_fn(|k| colour[k] + (top[k] - colour[k]) * alpha);
            opaque |= a == 255;
        }
        // White that nothing touched stays exactly white, and the subject's own pixels stay what they are.
        to.copy_from_slice(&floor.rounded(colour, (x as u32, y), opaque, keep));
    }
}

impl Backdrop {
    /// The empty backdrop.
    pub fn render(&self, width: u32, height: u32) -> RgbImage {
        if self.is_pure_white() {
            return RgbImage::from_pixel(width, height, Rgb([255; 3]));
        }
        let light = Light::new(self, width, height, None);
        let mut image = RgbImage::new(width, height);
        for (y, row) in image.as_mut().chunks_exact_mut((width as usize * 3).max(1)).enumerate() {
            let mut lit = light.row(y as u32);
            for (x, to) in row.chunks_exact_mut(3).enumerate() {
                to.copy_from_slice(&dithered(lit.next_colour(), x as u32, y as u32, self.seed));
            }
        }
        image
    }
}
