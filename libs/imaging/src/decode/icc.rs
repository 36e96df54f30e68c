//! Embedded colour profiles: converted to sRGB, once, on the way in.

use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::eight_bit;

/// What became of an embedded profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IccOutcome {
    /// There was none; the pixels are taken for sRGB.
    Absent,
    /// It is sRGB already.
    Srgb,
    /// The pixels were converted to sRGB.
    Converted,
    /// It is broken or does not fit the pixels, which are taken for sRGB, as browsers do.
    Ignored,
}

/// Larger profiles are not worth their memory; real ones have a few kB, with tables up to about 2 MB.
const MAX_PROFILE: usize = 4 << 20;

/// The picture in sRGB, 8 bits, and what became of its profile.
pub(super) fn to_srgb(image: &DynamicImage, profile: Option<&[u8]>) -> (DynamicImage, IccOutcome) {
    let plain = |outcome| (eight_bit(image), outcome);
    let Some(bytes) = profile.filter(|bytes| !bytes.is_empty()) else {
        return plain(IccOutcome::Absent);
    };
    if is_srgb(bytes) {
        return plain(IccOutcome::Srgb);
    }
    let Some(profile) = (bytes.len() <= MAX_PROFILE).then(|| ColorProfile::new_from_slice(bytes).ok()).flatten() else {
        return plain(IccOutcome::Ignored);
    };
    match convert(image, &profile) {
        Some(converted) => (converted, IccOutcome::Converted),
        None => plain(IccOutcome::Ignored),
    }
}

/// Whether a profile is sRGB in all but its words.
pub(crate) fn is_srgb(bytes: &[u8]) -> bool {
    is_like(bytes, &ColorProfile::new_srgb())
}

/// Whether a profile is Display P3 in all but its words.
pub(crate) fn is_display_p3(bytes: &[u8]) -> bool {
    is_like(bytes, &ColorProfile::new_display_p3())
}

/// Whether two profiles agree, in their colourants and their curve, within what a byte can show.
fn is_like(bytes: &[u8], target: &ColorProfile) -> bool {
    let Some(profile) = (bytes.len() <= MAX_PROFILE).then(|| ColorProfile::new_from_slice(bytes).ok()).flatten() else {
        return false;
    };
    if profile.color_space != DataColorSpace::Rgb {
        return false;
    }
    let probe: Vec<u8> = (0..=255u8).flat_map(|v| [[v, v, v], [v, 0, 0], [0, v, 0], [0, 0, v]]).flatten().collect();
    let mut out = vec![0u8; probe.len()];
    let made = profile.create_transform_8bit(Layout::Rgb, target, Layout::Rgb, TransformOptions::default());
    made.is_ok_and(|t| t.transform(&probe, &mut out).is_ok())
        && probe.iter().zip(&out).all(|(a, b)| a.abs_diff(*b) <= 2)
}

fn convert(image: &DynamicImage, profile: &ColorProfile) -> Option<DynamicImage> {
    let (width, height) = (image.width(), image.height());
    let srgb = ColorProfile::new_srgb();
    let alpha = image.color().has_alpha();
    let to = if alpha { Layout::Rgba } else { Layout::Rgb };
    let (from, source) = match (profile.color_space, image.color().has_color(), alpha) {
        (DataColorSpace::Rgb, _, true) => (Layout::Rgba, image.to_rgba8().into_raw()),
        (DataColorSpace::Rgb, _, false) => (Layout::Rgb, image.to_rgb8().into_raw()),
        (DataColorSpace::Gray, false, true) => (Layout::GrayAlpha, image.to_luma_alpha8().into_raw()),
        (DataColorSpace::Gray, false, false) => (Layout::Gray, image.to_luma8().into_raw()),
        _ => return None,
    };
    let transform = profile.create_transform_8bit(from, &srgb, to, TransformOptions::default()).ok()?;
    let mut out = vec![0u8; width as usize * height as usize * if alpha { 4 } else { 3 }];
    let source_row = source.len() / height.max(1) as usize;
    let out_row = out.len() / height.max(1) as usize;
    for (from, to) in source.chunks_exact(source_row).zip(out.chunks_exact_mut(out_row)) {
        transform.transform(from, to).ok()?;
    }
    if alpha {
        RgbaImage::from_raw(width, height, out).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, out).map(DynamicImage::ImageRgb8)
    }
}
