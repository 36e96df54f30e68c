//! Colours by code points (ITU-T H.273): in AVIF, HEIC and PNG.

use moxcms::ToneReprCurve;

/// Nothing said.
pub(super) const UNSAID: u32 = 2;
/// White of the day, 6500 K.
const D65: [f64; 2] = [0.3127, 0.329];
/// White of film, 6774 K.
const C: [f64; 2] = [0.31, 0.316];

/// Chromaticities of white, red, green and blue (table 2); None where nothing useful is said.
pub(super) fn chromaticities(primaries: u32) -> Option<[[f64; 2]; 4]> {
    Some(match primaries {
        1 => [D65, [0.64, 0.33], [0.3, 0.6], [0.15, 0.06]],
        4 => [C, [0.67, 0.33], [0.21, 0.71], [0.14, 0.08]],
        5 => [D65, [0.64, 0.33], [0.29, 0.6], [0.15, 0.06]],
        6 | 7 => [D65, [0.63, 0.34], [0.31, 0.595], [0.155, 0.07]],
        8 => [C, [0.681, 0.319], [0.243, 0.692], [0.145, 0.049]],
        9 => [D65, [0.708, 0.292], [0.17, 0.797], [0.131, 0.046]],
        11 => [[0.314, 0.351], [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]],
        12 => [D65, [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]],
        22 => [D65, [0.63, 0.34], [0.295, 0.605], [0.155, 0.077]],
        _ => return None,
    })
}

/// The curve that leads to light (table 3). What is made for television is shown by the curve of sRGB, as viewers of still
/// pictures do. None where no curve of a screen is said.
pub(super) fn curve(transfer: u32) -> Option<ToneReprCurve> {
    let power = |exponent: f32| ToneReprCurve::Parametric(vec![exponent]);
    Some(match transfer {
        4 => power(2.2),
        5 => power(2.8),
        8 => power(1.0),
        17 => power(2.6),
        1 | UNSAID | 6 | 7 | 11..=15 => srgb_curve(),
        _ => return None,
    })
}

/// The curve of sRGB.
pub(super) fn srgb_curve() -> ToneReprCurve {
    ToneReprCurve::Parametric(vec![2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045])
}

/// Whether nothing is to be converted.
pub(super) fn is_srgb(primaries: u32, transfer: u32) -> bool {
    matches!(primaries, 1 | UNSAID) && matches!(transfer, 1 | UNSAID | 6 | 7 | 11..=15)
}
