//! Pixels: panels, tags, glyphs, logos.

use crate::contrast::{Colour, blend};
use crate::setter::{Block, Setter};
use cavendish_specs::PixelBox;
use cosmic_text::SwashContent;
use image::{RgbImage, RgbaImage, imageops};

/// A soft panel behind type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scrim {
    pub(crate) colour: Colour,
    /// 0..=1 behind the type itself; from there it fades.
    pub(crate) opacity: f32,
    /// Pixels until it is gone.
    pub(crate) fade: f32,
}

/// Lays a panel behind `frame`, which fades outwards.
pub(crate) fn scrim(image: &mut RgbImage, frame: PixelBox, scrim: &Scrim) {
    let reach = scrim.fade as u32;
    let (right, bottom) = (frame.x + frame.width, frame.y + frame.height);
    let (to_x, to_y) = ((right + reach).min(image.width()), (bottom + reach).min(image.height()));
    for y in frame.y.saturating_sub(reach)..to_y {
        for x in frame.x.saturating_sub(reach)..to_x {
            let away = [outside(x, frame.x, right), outside(y, frame.y, bottom)];
            let far = (away[0].hypot(away[1]) / scrim.fade.max(1.0)).min(1.0);
            let fading = 1.0 - far * far * (3.0 - 2.0 * far);
            let pixel = image.get_pixel_mut(x, y);
            pixel.0 = blend(pixel.0, scrim.colour, scrim.opacity * fading);
        }
    }
}

/// Fills a box with round corners.
pub(crate) fn tag(image: &mut RgbImage, frame: PixelBox, colour: Colour) {
    let radius = frame.width.min(frame.height) as f32 * 0.22;
    let half = [frame.width as f32 / 2.0, frame.height as f32 / 2.0];
    for y in 0..frame.height {
        for x in 0..frame.width {
            let from_middle = [(x as f32 + 0.5 - half[0]).abs(), (y as f32 + 0.5 - half[1]).abs()];
            let beyond = [0, 1].map(|axis| (from_middle[axis] - half[axis] + radius).max(0.0));
            let coverage = (radius - beyond[0].hypot(beyond[1]) + 0.5).clamp(0.0, 1.0);
            let pixel = image.get_pixel_mut(frame.x + x, frame.y + y);
            pixel.0 = blend(pixel.0, colour, coverage);
        }
    }
}

/// Draws the glyphs of a block.
pub(crate) fn glyphs(image: &mut RgbImage, block: &Block, colour: Colour, setter: &mut Setter) {
    for glyph in &block.glyphs {
        let Some(picture) = setter.picture(glyph) else { continue };
        let at = |index: usize| {
            let (x, y) = (index as u32 % glyph.frame.width, index as u32 / glyph.frame.width);
            (glyph.frame.x + x, glyph.frame.y + y)
        };
        let mut draw = |index: usize, colour: Colour, opacity: u8| {
            let (x, y) = at(index);
            let pixel = image.get_pixel_mut(x, y);
            pixel.0 = blend(pixel.0, colour, f32::from(opacity) / 255.0);
        };
        match picture.content {
            SwashContent::Mask => picture.data.iter().enumerate().for_each(|(index, &mask)| draw(index, colour, mask)),
            // Of a mask for each third of a pixel, the fourth value is the whole one's.
            SwashContent::SubpixelMask => {
                picture.data.chunks_exact(4).enumerate().for_each(|(index, mask)| draw(index, colour, mask[3]));
            }
            SwashContent::Color => {
                for (index, own) in picture.data.chunks_exact(4).enumerate() {
                    draw(index, [own[0], own[1], own[2]], own[3]);
                }
            }
        }
    }
}

/// Draws a logo as large as `frame`.
pub(crate) fn logo(image: &mut RgbImage, logo: &RgbaImage, frame: PixelBox) {
    let scaled = imageops::resize(logo, frame.width, frame.height, imageops::FilterType::CatmullRom);
    for (x, y, from) in scaled.enumerate_pixels() {
        let [r, g, b, opacity] = from.0;
        let pixel = image.get_pixel_mut(frame.x + x, frame.y + y);
        pixel.0 = blend(pixel.0, [r, g, b], f32::from(opacity) / 255.0);
    }
}

/// Pixels between a coordinate and a span.
fn outside(at: u32, from: u32, to: u32) -> f32 {
    if at < from { (from - at) as f32 } else { (at + 1).saturating_sub(to) as f32 }
}
