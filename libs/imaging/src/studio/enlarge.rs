//! A cut-out at the size it is needed in. Photos often have too few pixels; what can be kept crisp is its outline.

use image::{RgbaImage, imageops};

use crate::blur::gaussian;
use crate::cutout::Cutout;
use crate::error::ImageError;
use crate::resize::resize_rgba;

/// A scaled layer, and how far the subject's box is from its corner.
pub(super) struct Layer {
    pub(super) rgba: RgbaImage,
    pub(super) lead: (u32, u32),
}

/// Scales the part of a cut-out that can be seen.
pub(super) fn layer(cutout: &Cutout, scale: f32) -> Result<Layer, ImageError> {
    let b = &cutout.bbox;
    let (w, h) = cutout.rgba.dimensions();
    // A rim for the soft edge outside the box.
    let rim = 6;
    let (x0, y0) = (b.x.saturating_sub(rim), b.y.saturating_sub(rim));
    let (x1, y1) = ((b.x + b.width + rim).min(w), (b.y + b.height + rim).min(h));
    let part = imageops::crop_imm(&cutout.rgba, x0, y0, x1 - x0, y1 - y0).to_image();
    let side = |n: u32| ((n as f32 * scale).round() as u32).max(1);
    let mut rgba = resize_rgba(&part, side(x1 - x0), side(y1 - y0))?;
    if scale > 1.15 {
        crisp_outline(&mut rgba, scale);
        sharpen(&mut rgba, scale);
    }
    let lead = (((b.x - x0) as f32 * scale).round() as u32, ((b.y - y0) as f32 * scale).round() as u32);
    Ok(Layer { rgba, lead })
}

/// An enlarged outline is as wide as the enlargement; its middle line is true, so the slope may be steepened to what an
/// outline photographed at this size would have. The colours below it were continued beyond the edge.
fn crisp_outline(rgba: &mut RgbaImage, scale: f32) {
    let slope = (0.75 * scale).clamp(1.0, 4.0);
    let table: Vec<u8> =
        (0..=255).map(|a| ((((a as f32 / 255.0) - 0.5) * slope + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    rgba.pixels_mut().for_each(|p| p.0[3] = table[p.0[3] as usize]);
}

/// Unsharp mask on the lightness at the photo's own pixel pitch; strong edges are left alone, so that none gets a halo.
fn sharpen(rgba: &mut RgbaImage, scale: f32) {
    let (w, h) = (rgba.width() as usize, rgba.height() as usize);
    let light = |p: &image::Rgba<u8>| 0.299 * f32::from(p.0[0]) + 0.587 * f32::from(p.0[1]) + 0.114 * f32::from(p.0[2]);
    let sharp: Vec<f32> = rgba.pixels().map(light).collect();
    let mut blurred = sharp.clone();
    gaussian(&mut blurred, w, h, 0.55 * scale.min(6.0));
    let amount = 0.55 * (scale - 1.0).clamp(0.0, 1.0);
    for ((p, sharp), blurred) in rgba.pixels_mut().zip(sharp).zip(blurred) {
        let detail = (sharp - blurred).clamp(-14.0, 14.0) * amount;
        for k in 0..3 {
            p.0[k] = (f32::from(p.0[k]) + detail).round().clamp(0.0, 255.0) as u8;
        }
    }
}
