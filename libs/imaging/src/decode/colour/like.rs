//! Profiles that are those of well-known colours in all but their words.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::profile::parsed;

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
    let Some(profile) = parsed(bytes).filter(|profile| profile.color_space == DataColorSpace::Rgb) else {
        return false;
    };
    let probe: Vec<u8> = (0..=255u8).flat_map(|v| [[v, v, v], [v, 0, 0], [0, v, 0], [0, 0, v]]).flatten().collect();
    let mut out = vec![0u8; probe.len()];
    let made = profile.create_transform_8bit(Layout::Rgb, target, Layout::Rgb, TransformOptions::default());
    made.is_ok_and(|t| t.transform(&probe, &mut out).is_ok())
        && probe.iter().zip(&out).all(|(a, b)| a.abs_diff(*b) <= 2)
}
