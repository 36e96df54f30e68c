//! Where subjects go on a canvas: one as its placement says, several side by side on a common line.

use image::{RgbImage, Rgba, RgbaImage};

use super::{Piece, Placement, enlarge};
use crate::cutout::{Cutout, Edges};
use crate::error::{ImageError, Reason};
use cavendish_specs::PixelBox;

/// Room between two subjects, as a share of their mean width.
const GAP: f32 = 0.06;

/// A subject's pixels and their place on the canvas.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where the subject is, without its shadow.
    pub subject: PixelBox,
    /// Pixels of the picture per pixel of the photo; above 1 the photo had too few pixels for this size.
    pub scale: f32,
    /// Canvas position of the layer's corner.
    pub(super) at: (i64, i64),
    pub(super) layer: RgbaImage,
    /// The subject's box on the canvas, `[left, top, right, bottom]`.
    pub(super) frame: [f32; 4],
    /// Whether it stands on the ground, and is not cut off by the canvas.
    pub(super) grounded: bool,
}

impl Placed {
    /// The subject as the finished picture shows it, cropped to itself.
    pub fn cut(&self, image: &RgbImage) -> RgbaImage {
        let PixelBox { x, y, width, height } = self.subject;
        RgbaImage::from_fn(width, height, |dx, dy| {
            let (x, y) = (x + dx, y + dy);
            let alpha = self.at(x, y).map_or(0, |pixel| pixel.0[3]);
            let [r, g, b] = image.get_pixel(x, y).0;
            Rgba([r, g, b, alpha])
        })
    }

    /// Its pixel at this place of the canvas, if it has one there.
    pub(super) fn at(&self, x: u32, y: u32) -> Option<&Rgba<u8>> {
        let (dx, dy) = (i64::from(x) - self.at.0, i64::from(y) - self.at.1);
        let inside = dx >= 0 && dy >= 0 && dx < i64::from(self.layer.width()) && dy < i64::from(self.layer.height());
        inside.then(|| self.layer.get_pixel(dx as u32, dy as u32))
    }
}

/// The canvas, and the part of it that subjects stay within.
struct Room {
    width: f32,
    height: f32,
    safe: [f32; 4],
}

impl Room {
    fn new(canvas: (u32, u32), placement: &Placement) -> Result<Self, ImageError> {
        let (width, height) = (canvas.0 as f32, canvas.1 as f32);
        let room = Self { width, height, safe: placement.safe.unwrap_or([0.0, 0.0, width, height]) };
        let empty = canvas.0 == 0 || canvas.1 == 0 || room.wide() < 1.0 || room.high() < 1.0;
        match empty {
            true => Err(Reason::Invalid(format!("no room for a subject on {}×{}", canvas.0, canvas.1)).into()),
            false => Ok(room),
        }
    }

    fn wide(&self) -> f32 {
        self.safe[2] - self.safe[0]
    }

    fn high(&self) -> f32 {
        self.safe[3] - self.safe[1]
    }

    /// How many pixels one unit of `size` may be.
    fn unit(&self, size: [f32; 2], placement: &Placement) -> f32 {
        let fill = placement.fill.clamp(0.02, 1.0);
        let by_fill = (fill * self.width / size[0]).min(fill * self.height / size[1]);
        by_fill.min(self.wide() / size[0]).min(self.high() / size[1])
    }

    /// Left and top of what is `size` large.
    fn corner(&self, size: [f32; 2], placement: &Placement) -> [f32; 2] {
        let (across, down) = (placement.anchor.0.clamp(0.0, 1.0), placement.anchor.1.clamp(0.0, 1.0));
        [self.safe[0] + (self.wide() - size[0]) * across, self.safe[1] + (self.high() - size[1]) * down]
    }
}

/// Seats subjects, in their order from left to right. On a ground that has to stay white to its edges (`white`) none is
/// set against an edge.
pub(super) fn seats(
    canvas: (u32, u32),
    white: bool,
    pieces: &[Piece<'_>],
    placement: &Placement,
) -> Result<Vec<Placed>, ImageError> {
    let room = Room::new(canvas, placement)?;
    match pieces {
        [] => Err(Reason::Invalid("there is no subject to place".into()).into()),
        [one] => Ok(vec![alone(&room, white, one.cutout, placement)?]),
        several => row(&room, several, placement),
    }
}

fn alone(room: &Room, white: bool, cutout: &Cutout, placement: &Placement) -> Result<Placed, ImageError> {
    let (w, h) = (room.width, room.height);
    let (bw, bh) = (cutout.bbox.width as f32, cutout.bbox.height as f32);
    let scale = room.unit([bw, bh], placement);
    let (sw, sh) = (bw * scale, bh * scale);
    let [mut left, mut top] = room.corner([sw, sh], placement);
    let snapped = if white { Edges::default() } else { snap(cutout.touches, room) };
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
    place(room, cutout, scale, [left, top], !snapped.bottom)
}

/// Side by side, feet on one line, no two overlapping. Equally tall unless their sizes say otherwise.
fn row(room: &Room, pieces: &[Piece<'_>], placement: &Placement) -> Result<Vec<Placed>, ImageError> {
    let tall = |piece: &Piece<'_>| piece.size.clamp(0.1, 10.0);
    let wide = |piece: &Piece<'_>| tall(piece) * piece.cutout.bbox.width as f32 / piece.cutout.bbox.height as f32;
    let widths: f32 = pieces.iter().map(wide).sum();
    let gap = GAP * widths / pieces.len() as f32;
    let size = [widths + gap * (pieces.len() - 1) as f32, pieces.iter().map(tall).fold(0.0, f32::max)];
    let unit = room.unit(size, placement);
    let [mut left, top] = room.corner(size.map(|side| side * unit), placement);
    let foot = top + size[1] * unit;
    let mut placed = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let scale = tall(piece) * unit / piece.cutout.bbox.height as f32;
        placed.push(place(room, piece.cutout, scale, [left, foot - tall(piece) * unit], true)?);
        left += (wide(piece) + gap) * unit;
    }
    Ok(placed)
}

fn place(room: &Room, cutout: &Cutout, scale: f32, corner: [f32; 2], grounded: bool) -> Result<Placed, ImageError> {
    // Whole pixels: the layer is placed without another resampling.
    let [left, top] = corner.map(f32::round);
    let (right, bottom) = (left + cutout.bbox.width as f32 * scale, top + cutout.bbox.height as f32 * scale);
    let layer = enlarge::layer(cutout, scale)?;
    let (x, y) = (left.max(0.0) as u32, top.max(0.0) as u32);
    let within = |edge: f32, length: f32, from: u32| (edge.round().min(length) as u32).saturating_sub(from).max(1);
    Ok(Placed {
        subject: PixelBox { x, y, width: within(right, room.width, x), height: within(bottom, room.height, y) },
        scale,
        at: (left as i64 - i64::from(layer.lead.0), top as i64 - i64::from(layer.lead.1)),
        layer: layer.rgba,
        frame: [left, top, right, bottom],
        grounded,
    })
}

/// The touched edges whose counterparts on the canvas the subject may run into.
fn snap(touches: Edges, room: &Room) -> Edges {
    Edges {
        left: touches.left && room.safe[0] <= 0.0,
        top: touches.top && room.safe[1] <= 0.0,
        right: touches.right && room.safe[2] >= room.width,
        bottom: touches.bottom && room.safe[3] >= room.height,
    }
}
