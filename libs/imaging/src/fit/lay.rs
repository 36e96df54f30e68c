//! A picture on a larger canvas, its surroundings continued softly.

use image::RgbImage;

use crate::error::{ImageError, Reason};
use crate::fit::Bounds;
use crate::fit::folded::{Folded, Strips};
use crate::fit::render::{Render, Visible};

/// The picture, scaled, with its corner at this place of the canvas. Where it does not reach, what is round its subject
/// (`kept`, in its own pixels) is continued.
pub(super) fn lay(
    render: &Render<'_>,
    kept: Bounds,
    scale: f32,
    corner: [f32; 2],
    canvas: (u32, u32),
) -> Result<RgbImage, ImageError> {
    let Some(seen) = render.visible(scale, corner, canvas)? else {
        return Err(Reason::Invalid("nothing of the picture lies on its canvas".into()).into());
    };
    let (width, height) = seen.picture.dimensions();
    if (width, height) == canvas {
        return Ok(seen.picture);
    }
    let kept = [0, 1, 2, 3].map(|side| kept[side] * scale + corner[side % 2]);
    let folded = Folded::of(&seen, Strips::beside(kept, &seen), canvas)?;
    let mut out = RgbImage::new(canvas.0, canvas.1);
    for (y, row) in out.enumerate_rows_mut() {
        let beyond = folded.row(y);
        for (x, _, to) in row {
            if let Some(colour) = beyond.at(x) {
                to.0 = grain(colour, x, y);
            }
        }
    }
    put(&mut out, &seen);
    Ok(out)
}

/// Copies what is seen of a picture to its place.
pub(crate) fn put(canvas: &mut RgbImage, seen: &Visible) {
    let (canvas_row, row) = (canvas.width() as usize * 3, seen.picture.width() as usize * 3);
    let start = seen.at.1 as usize * canvas_row + seen.at.0 as usize * 3;
    let canvas: &mut [u8] = canvas;
    for (n, line) in seen.picture.as_raw().chunks_exact(row).enumerate() {
        let at = start + n * canvas_row;
        canvas[at..at + row].copy_from_slice(line);
    }
}

/// Rounds a colour with a dither of one level.
pub(crate) fn grain(colour: [f32; 3], x: u32, y: u32) -> [u8; 3] {
    let mut v = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    v = (v ^ (v >> 15)).wrapping_mul(0x2c1b_3c6d);
    v ^= v >> 13;
    let noise = (v & 0xffff) as f32 / 65_536.0 - 0.5;
    // The cast cuts what is below 0 and above 255; `round` is a call on processors without SSE 4.1.
    colour.map(|c| (c + noise + 0.5) as u8)
}
