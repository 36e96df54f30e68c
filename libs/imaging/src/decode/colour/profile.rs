//! A profile for whatever a file says of its colours.

use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, DataColorSpace, ToneReprCurve, XyY};

use super::cicp;
use crate::decode::raw::Told;
use crate::encode::OutputProfile;

/// Larger profiles are not worth their memory; real ones have a few kB, with tables up to about 4 MB.
const MAX_PROFILE: usize = 8 << 20;
/// Chromaticities of sRGB (IEC 61966-2-1): white, red, green, blue.
pub(in crate::decode) const SRGB: [[f64; 2]; 4] = [[0.3127, 0.329], [0.64, 0.33], [0.3, 0.6], [0.15, 0.06]];

/// The profile, unless it is too large or broken.
pub(super) fn parsed(bytes: &[u8]) -> Option<ColorProfile> {
    (bytes.len() <= MAX_PROFILE).then(|| ColorProfile::new_from_slice(bytes).ok()).flatten()
}

/// The profile for colours; None where nothing useful is said.
pub(super) fn of(told: &Told) -> Option<ColorProfile> {
    match told {
        Told::Nothing | Told::Srgb => None,
        Told::AdobeRgb => Some(ColorProfile::new_adobe_rgb()),
        Told::Icc(bytes) => parsed(bytes),
        Told::Cicp { primaries, transfer } => {
            let of = cicp::chromaticities(*primaries).unwrap_or(SRGB);
            Some(with(of, cicp::curve(*transfer)?))
        }
        Told::Gamma { power, chromaticities } => {
            let curve = power.map_or_else(cicp::srgb_curve, |power| ToneReprCurve::Parametric(vec![power as f32]));
            let of = chromaticities.unwrap_or(SRGB);
            let sane = |[x, y]: [f64; 2]| (0.0..=1.0).contains(&x) && (1e-4..=1.0).contains(&y);
            of.into_iter().all(sane).then(|| with(of, curve))
        }
    }
}

/// The profile for inks: the file's own, else coated paper.
pub(super) fn press(told: &Told) -> ColorProfile {
    let own = match told {
        Told::Icc(bytes) => parsed(bytes).filter(|profile| profile.color_space == DataColorSpace::Cmyk),
        _ => None,
    };
    own.or_else(|| parsed(OutputProfile::coated().icc())).unwrap_or_default()
}

/// The profile of a screen with these chromaticities (white, red, green, blue) and this curve.
fn with([white, red, green, blue]: [[f64; 2]; 4], curve: ToneReprCurve) -> ColorProfile {
    let mut profile = ColorProfile::new_srgb();
    let at = |[x, y]: [f64; 2]| Chromaticity { x: x as f32, y: y as f32 };
    let primaries = ColorPrimaries { red: at(red), green: at(green), blue: at(blue) };
    profile.update_rgb_colorimetry(XyY { x: white[0], y: white[1], yb: 1.0 }, primaries);
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile
}
