//! A clean studio: a seamless backdrop of any colour and size, and a subject set down on it.

mod backdrop;
mod enlarge;
mod shadow;

use cavendish_specs::PixelBox;
use image::{Rgb, RgbImage, RgbaImage};

use crate::cutout::{Cutout, Edges};
use crate::error::{ImageError, Reason};
pub use backdrop::Backdrop;
use backdrop::{Light, dithered};
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

/// A finished scene.
#[derive(Debug, Clone)]
pub struct Composition {
    /// The picture.
    pub image: RgbImage,
    /// Where the subject is, without its shadow.
    pub subject: PixelBox,
    /// The larger of the subject's width share and height share of the frame.
    pub fill: f32,
    /// Pixels of the picture per pixel of the photo; above 1 the photo had too few pixels for this size.
    pub scale: f32,
}

/// Where the cut-out's pixels go on the canvas.
struct Seat {
    /// Canvas position of the scaled layer's corner.
    x: i64,
    y: i64,
    layer: RgbaImage,
    /// The subject's box on the canvas.
    subject: [f32; 4],
    scale: f32,
    grounded: bool,
}

/// Sets a cut-out on a backdrop of `width` × `height` pixels. The subject is scaled evenly, never stretched, never cut.
/// One that ran into an edge of its photo is set against the same edge of the canvas, unless the backdrop has to stay
/// pure white or that edge has to stay clear. On pure white the edge of the canvas is exactly (255, 255, 255).
///
/// # Errors
/// [`Reason::Invalid`] when the canvas or the safe area is empty.
pub fn compose(
    width: u32,
    height: u32,
    backdrop: &Backdrop,
    cutout: &Cutout,
    placement: &Placement,
) -> Result<Composition, ImageError> {
    let seat = seat(width, height, backdrop, cutout, placement)?;
    let shade = match &placement.shadow {
        Some(shadow) if seat.grounded => {
            Some(shadow::cast(&seat.layer, (seat.x, seat.y), seat.subject, (width, height), backdrop, shadow))
        }
        _ => None,
    };
    let light = Light::new(backdrop, width, height, Some(seat.subject));
    let mut image = RgbImage::new(width, height);
    for (y, row) in image.as_mut().chunks_exact_mut(width as usize * 3).enumerate() {
        paint(row, y as u32, &light, shade.as_ref(), &seat, backdrop);
    }
    let [left, top, right, bottom] = seat.subject;
    let (x, y) = (left.round().max(0.0) as u32, top.round().max(0.0) as u32);
    let subject = PixelBox {
        x,
        y,
        width: (right.round() as u32).min(width) - x,
        height: (bottom.round() as u32).min(height) - y,
    };
    let fill = (subject.width as f32 / width as f32).max(subject.height as f32 / height as f32);
    Ok(Composition { image, subject, fill, scale: seat.scale })
}

/// Paints one row: light, shadow, dither, and the subject over it.
fn paint(row: &mut [u8], y: u32, light: &Light, shade: Option<&shadow::Shade>, seat: &Seat, backdrop: &Backdrop) {
    let white = backdrop.is_pure_white();
    let mut lit = light.row(y);
    let dim = shade.map(|s| s.row(y));
    let layer_y = i64::from(y) - seat.y;
    let over = (0..i64::from(seat.layer.height())).contains(&layer_y);
    for (x, to) in row.chunks_exact_mut(3).enumerate() {
        let keep = dim.as_ref().map_or(1.0, |d| 1.0 - d[x]);
        let mut colour = if white { [255.0; 3] } else { lit.next_colour() };
        if keep < 1.0 || !white {
            colour = colour.map(|c| c * keep);
        }
        let layer_x = x as i64 - seat.x;
        let mut alpha = 0.0;
        if over && (0..i64::from(seat.layer.width())).contains(&layer_x) {
            let [r, g, b, a] = seat.layer.get_pixel(layer_x as u32, layer_y as u32).0;
            alpha = f32::from(a) / 255.0;
            let top = [r, g, b].map(f32::from);
            colour = std::array::from_fn(|k| colour[k] + (top[k] - colour[k]) * alpha);
        }
        // White that nothing touched stays exactly white, and the subject's own pixels stay what they are.
        let plain = (white && keep >= 1.0) || alpha >= 1.0;
        let value = if plain { colour.map(|c| c.round() as u8) } else { dithered(colour, x as u32, y, backdrop.seed) };
        to.copy_from_slice(&value);
    }
}

fn seat(
    width: u32,
    height: u32,
    backdrop: &Backdrop,
    cutout: &Cutout,
    placement: &Placement,
) -> Result<Seat, ImageError> {
    let (w, h) = (width as f32, height as f32);
    let safe = placement.safe.unwrap_or([0.0, 0.0, w, h]);
    let room = [safe[2] - safe[0], safe[3] - safe[1]];
    if width == 0 || height == 0 || room[0] < 1.0 || room[1] < 1.0 {
        return Err(Reason::Invalid(format!("no room for a subject on {width}×{height}")).into());
    }
    let b = &cutout.bbox;
    let (bw, bh) = (b.width as f32, b.height as f32);
    let fill = placement.fill.clamp(0.02, 1.0);
    let scale = (fill * w / bw).min(fill * h / bh).min(room[0] / bw).min(room[1] / bh);
    let (sw, sh) = (bw * scale, bh * scale);
    let mut left = safe[0] + (room[0] - sw) * placement.anchor.0.clamp(0.0, 1.0);
    let mut top = safe[1] + (room[1] - sh) * placement.anchor.1.clamp(0.0, 1.0);
    let snapped = if backdrop.is_pure_white() { Edges::default() } else { snap(cutout.touches, safe, w, h) };
    match snapped {
        Edges { left: true, right: false, .. } => left = 0.0,
        Edges { right: true, left: false, .. } => left = w - sw,
        _ => {}
    }
    match snapped {
        Edges { bottom: true, top: false, .. } => top = h - sh,
        Edges { top: true, bottom: false, .. } => top = 0.0,
        _ => {}
    }
    // Whole pixels: the layer is placed without another resampling.
    let (left, top) = (left.round(), top.round());
    let layer = enlarge::layer(cutout, scale)?;
    Ok(Seat {
        x: left as i64 - i64::from(layer.lead.0),
        y: top as i64 - i64::from(layer.lead.1),
        layer: layer.rgba,
        subject: [left, top, left + sw, top + sh],
        scale,
        grounded: !snapped.bottom,
    })
}

/// The touched edges whose counterparts on the canvas the subject may run into.
fn snap(touches: Edges, safe: [f32; 4], w: f32, h: f32) -> Edges {
    Edges {
        left: touches.left && safe[0] <= 0.0,
        top: touches.top && safe[1] <= 0.0,
        right: touches.right && safe[2] >= w,
        bottom: touches.bottom && safe[3] >= h,
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
