//! What may befall a subject between two photographs, and what makes another product of it.

use super::paint::{map, recoloured, seen_from, shaded};
use super::subjects::fitted;
use anyhow::Result;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::crop_imm;
use image::{RgbImage, RgbaImage};
use rand::Rng;
use serde::Serialize;

/// How a picture differs from the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// Turned by up to 38° about the upright axis, 20° about the others.
    View,
    /// A fifth to two fifths are out of the picture.
    Crop,
    /// Brighter or darker, lit from one side.
    Light,
    /// Warmer or colder light.
    Cast,
    /// 110 to 220 pixels as a JPEG of low quality.
    Jpeg,
    /// 40 to 64 pixels.
    Small,
    /// Before another ground, cut out by our own network.
    Ground,
    /// View, light, ground and JPEG together.
    ViewLightGround,
    /// The photograph itself, cut out by our own network instead of by its mask.
    OwnCutout,
    /// Another colour: another product.
    Recoloured,
    /// Dark instead of light, or light instead of dark: another product.
    Shaded,
}

/// What needs nothing but the cut-out.
pub(super) const EACH: [Change; 8] = [
    Change::View,
    Change::Crop,
    Change::Light,
    Change::Cast,
    Change::Jpeg,
    Change::Small,
    Change::Recoloured,
    Change::Shaded,
];

impl Change {
    /// Whether it is the same product still.
    pub(super) fn is_same(self) -> bool {
        !matches!(self, Self::Recoloured | Self::Shaded)
    }

    /// The cut-out so changed; as it is for what needs a ground.
    pub(super) fn of(self, cutout: &RgbaImage, rng: &mut impl Rng) -> Result<RgbaImage> {
        match self {
            Self::View => fitted(&seen_from(cutout, rng), 384),
            Self::Crop => fitted(&cropped(cutout, rng), 384),
            Self::Light => Ok(lit(cutout, rng)),
            Self::Cast => {
                let (warm, green) = (rng.random_range(0.08..0.2) * sign(rng), rng.random_range(-0.06..0.06));
                Ok(map(cutout, |[r, g, b], _| [r * (1.0 + warm), g * (1.0 + green), b * (1.0 - warm)]))
            }
            Self::Jpeg => compressed(&fitted(cutout, rng.random_range(110..220))?, rng.random_range(25..60), rng),
            Self::Small => compressed(&fitted(cutout, rng.random_range(40..64))?, 80, rng),
            Self::Recoloured => Ok(recoloured(cutout, rng)),
            Self::Shaded => Ok(shaded(cutout, rng)),
            Self::Ground | Self::ViewLightGround | Self::OwnCutout => Ok(cutout.clone()),
        }
    }
}

/// 1 or −1.
pub(super) fn sign(rng: &mut impl Rng) -> f32 {
    if rng.random() { 1.0 } else { -1.0 }
}

/// Without a part at one side.
fn cropped(cutout: &RgbaImage, rng: &mut impl Rng) -> RgbaImage {
    let (width, height) = cutout.dimensions();
    let kept: f32 = rng.random_range(0.6..0.8);
    let part = |length: u32| ((length as f32 * kept) as u32).max(1);
    let (across, far) = (rng.random::<bool>(), rng.random::<bool>());
    let (w, h) = if across { (part(width), height) } else { (width, part(height)) };
    let (x, y) = if far { (width - w, height - h) } else { (0, 0) };
    let part = crop_imm(cutout, x, y, w, h).to_image();
    // What is left may be next to nothing of a thin thing.
    let share = part.pixels().filter(|pixel| pixel[3] > 128).count() as f32 / (w * h) as f32;
    if share > 0.1 { part } else { cutout.clone() }
}

/// Gain, gamma, and a gradient from one side to the other.
fn lit(cutout: &RgbaImage, rng: &mut impl Rng) -> RgbaImage {
    let (gain, gamma): (f32, f32) = (rng.random_range(0.55..1.35), rng.random_range(0.75..1.35));
    let (depth, from): (f32, f32) = (rng.random_range(0.07..0.28), rng.random_range(0.0..std::f32::consts::TAU));
    map(cutout, |rgb, [x, y]| {
        let light = gain * (1.0 + depth * (x * from.cos() + y * from.sin()));
        rgb.map(|value| (value * light).clamp(0.0, 1.0).powf(gamma))
    })
}

/// Through a JPEG file, before a ground of some colour.
fn compressed(cutout: &RgbaImage, quality: u8, rng: &mut impl Rng) -> Result<RgbaImage> {
    let ground: [u8; 3] = rng.random();
    let over = |pixel: &image::Rgba<u8>| {
        let share = f32::from(pixel[3]) / 255.0;
        std::array::from_fn::<u8, 3, _>(|k| {
            (f32::from(pixel[k]) * share + f32::from(ground[k]) * (1.0 - share)).round() as u8
        })
    };
    let flat: Vec<u8> = cutout.pixels().flat_map(over).collect();
    let (width, height) = cutout.dimensions();
    let flat = RgbImage::from_raw(width, height, flat).unwrap_or_default();
    let mut file = vec![];
    flat.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality))?;
    let read = image::load_from_memory(&file)?.to_rgb8();
    let mut made = cutout.clone();
    made.pixels_mut().zip(read.pixels()).for_each(|(to, from)| to.0[..3].copy_from_slice(&from.0));
    Ok(made)
}
