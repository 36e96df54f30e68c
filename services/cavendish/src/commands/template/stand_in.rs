//! What stands in for a picture, a logo and copy while a template is looked at.

use cavendish_domain::{AdCopy, Price};
use cavendish_imaging::image::{Rgb, RgbImage, Rgba, RgbaImage};
use cavendish_specs::PixelBox;

/// A little of everything that a template has room for.
pub(super) fn copy() -> AdCopy {
    AdCopy {
        headline: Some("Coffee worth waking up for".into()),
        body: Some("Slow-roasted in small batches, sent on the day it is roasted.".into()),
        price: Some(Price { amount: "18.50".into(), currency: "USD".into() }),
        cta: Some("Shop now".into()),
        legal: Some("While stocks last, until {date:2026-12-24}. Shipping not included.".into()),
    }
}

/// A grey pill where the logo goes.
pub(super) fn logo() -> RgbaImage {
    let (width, height) = (320, 96);
    let radius = height as f32 / 2.0;
    RgbaImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        let off = (x - x.clamp(radius, width as f32 - radius)).hypot(y - radius);
        Rgba([120, 116, 106, ((radius - off).clamp(0.0, 1.0) * 255.0) as u8])
    })
}

/// A plain backdrop with a vase-like thing in `area` (left, top, right, bottom in pixels), and the box round that.
pub(super) fn picture((width, height): (u32, u32), area: [f32; 4]) -> (RgbImage, PixelBox) {
    let [left, top, right, bottom] = area;
    let side = (right - left).min(bottom - top).max(2.0);
    let [x, y] = [(left + right - side) / 2.0, (top + bottom - side) / 2.0];
    let image = RgbImage::from_fn(width, height, |px, py| {
        let down = py as f32 / height.max(1) as f32;
        let behind = [238.0 - 26.0 * down, 234.0 - 30.0 * down, 226.0 - 34.0 * down];
        let [u, v] = [(px as f32 + 0.5 - x) / side * 2.0 - 1.0, (py as f32 + 0.5 - y) / side * 2.0 - 1.0];
        let half = 0.52 + 0.3 * (v * 2.6 - 0.4).cos();
        let on = v.abs() < 0.98 && u.abs() < half;
        let lit = 1.0 - 0.45 * (u / half + 0.35).clamp(-1.0, 1.0).powi(2);
        Rgb(std::array::from_fn(|k| if on { [176.0, 92.0, 66.0][k] * lit } else { behind[k] } as u8))
    });
    (image, PixelBox { x: x as u32, y: y as u32, width: side as u32, height: side as u32 })
}
