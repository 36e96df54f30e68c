//! A render's plain backdrop continued without a seam: one smooth model for all of the canvas, and of the render only
//! what differs from it.

use image::RgbImage;

use crate::background::PlainBackground;
use crate::fit::grain;

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

/// Paints the canvas round and over `scaled`, which lies at `site`.
pub(crate) fn paint(canvas: &mut RgbImage, scaled: &RgbImage, model: &PlainBackground, site: &Site) {
    let across: Vec<f32> = (0..canvas.width()).map(|x| site.keep(x, 0)).collect();
    let down: Vec<f32> = (0..canvas.height()).map(|y| site.keep(y, 1)).collect();
    let (ox, oy) = (site.corner[0].round() as i64, site.corner[1].round() as i64);
    for (x, y, to) in canvas.enumerate_pixels_mut() {
        let behind = model.beyond(site.place(x, 0), site.place(y, 1));
        let (keep, px, py) = (across[x as usize] * down[y as usize], i64::from(x) - ox, i64::from(y) - oy);
        let inside = px >= 0 && py >= 0 && px < i64::from(scaled.width()) && py < i64::from(scaled.height());
        if keep <= 0.0 || !inside {
            to.0 = grain(behind, x, y);
            continue;
        }
        let own = scaled.get_pixel(px as u32, py as u32).0;
        to.0 = match keep >= 1.0 {
            true => own,
            false => grain(std::array::from_fn(|k| behind[k] + keep * (f32::from(own[k]) - behind[k])), x, y),
        };
    }
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
