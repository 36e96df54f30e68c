//! A cut-out at the size it is needed in. Photos often have too few pixels; what can be kept crisp is its outline.

use image::{RgbImage, RgbaImage, imageops};

use crate::blur::gaussian;
use crate::cutout::Cutout;
use crate::cutout::matte::with_alpha;
use crate::cutout::spread::Colours;
use crate::error::ImageError;
use crate::resize::{resize_linear_rgba, resize_plane, resize_rgb};

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
    let (width, height) = (side(x1 - x0), side(y1 - y0));
    let rgba = if scale > 1.15 {
        let mut rgba = enlarged(&part, width, height, scale)?;
        sharpen(&mut rgba, scale);
        rgba
    } else {
        // In linear light: mesh, fine cloth and glints keep their brightness.
        resize_linear_rgba(&part, width, height)?
    };
    let lead = (((b.x - x0) as f32 * scale).round() as u32, ((b.y - y0) as f32 * scale).round() as u32);
    Ok(Layer { rgba, lead })
}

/// Colours and opacity are enlarged apart, since a kernel that rings over premultiplied colours draws a bright line along
/// the outline.
fn enlarged(part: &RgbaImage, width: u32, height: u32, scale: f32) -> Result<RgbaImage, ImageError> {
    let colours = resize_rgb(&continued(part), width, height)?;
    let opacity: Vec<f32> = part.pixels().map(|p| f32::from(p.0[3]) / 255.0).collect();
    let mut opacity = resize_plane(&opacity, part.dimensions(), (width, height));
    gaussian(&mut opacity, width as usize, height as usize, 0.6 * scale.min(12.0));
    // An enlarged outline is as wide as the enlargement; its middle line is true, so the slope may be steepened to what
    // an outline photographed at this size would have.
    let slope = (0.8 * scale).clamp(1.0, 6.0);
    opacity.iter_mut().for_each(|v| *v = ((*v - 0.5) * slope + 0.5).clamp(0.0, 1.0));
    Ok(with_alpha(&colours, &opacity))
}

/// The colours of a cut-out, carried on to where it is transparent: nothing is known of what a file holds there.
fn continued(part: &RgbaImage) -> RgbImage {
    let mut colours = RgbImage::new(part.width(), part.height());
    colours.pixels_mut().zip(part.pixels()).for_each(|(to, p)| to.0 = [p.0[0], p.0[1], p.0[2]]);
    let opacity: Vec<f32> = part.pixels().map(|p| f32::from(p.0[3]) / 255.0).collect();
    let weight: Vec<f32> = opacity.iter().map(|a| a * a * a).collect();
    let near = Colours::of(&colours, &weight, 2.0);
    for (i, (to, a)) in colours.pixels_mut().zip(&opacity).enumerate() {
        if let (Some(inner), true) = (near.at(i), *a < 1.0) {
            let own = to.0.map(f32::from);
            to.0 = std::array::from_fn(|k| (inner[k] + a * (own[k] - inner[k])).round().clamp(0.0, 255.0) as u8);
        }
    }
    colours
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarging_draws_no_line_along_the_outline() {
        let part = RgbaImage::from_fn(40, 40, |x, _| match x {
            0..20 => image::Rgba([150, 90, 60, 255]),
            // What a file holds where it is transparent is anything.
            _ => image::Rgba([0, 0, 255, 0]),
        });
        let large = enlarged(&part, 320, 320, 8.0).unwrap();
        let seen: Vec<_> = large.rows().nth(160).into_iter().flatten().filter(|p| p.0[3] > 0).collect();
        assert!((150..=170).contains(&seen.len()), "{}", seen.len());
        for p in seen {
            assert!(p.0[0].abs_diff(150) <= 6 && p.0[2].abs_diff(60) <= 6, "{p:?}");
        }
    }
}
