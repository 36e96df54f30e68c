//! Which colours a subject has, and how much of each.

/// Bins of lightness, and of each axis of chromaticity: black and white lie apart, the light of a lamp and that of the sky
/// lie close.
const LIGHTNESS: usize = 3;
const CHROMATICITY: usize = 7;
/// How far from grey the last bin of an axis lies.
const REACH: f32 = 0.45;
/// Keeps dark pixels, whose chromaticity is noise, at grey.
const DARK: f32 = 0.15;

/// Bins in all.
pub(super) const BINS: usize = LIGHTNESS * CHROMATICITY * CHROMATICITY;

/// The root of the share of each bin, as a vector of length 1, so that the cosine of two is Bhattacharyya's coefficient.
/// `planes` are four of as many values: red, green and blue times alpha, and alpha, sRGB within 0..=1. A pixel lies between
/// bins and is shared among them. Pixels at the outline, which carry the surroundings' colours, count little.
pub(super) fn histogram(planes: &[f32]) -> [f32; BINS] {
    let count = planes.len() / 4;
    let mut bins = [0.0; BINS];
    for index in 0..count {
        let [r, g, b, alpha] = std::array::from_fn(|plane| planes[plane * count + index]);
        if alpha > 0.0 {
            add(&mut bins, [r / alpha, g / alpha, b / alpha], alpha.powi(4));
        }
    }
    let all = bins.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    bins.map(|bin| (bin / all).sqrt())
}

/// Shares a pixel among the eight bins that it lies between.
fn add(bins: &mut [f32; BINS], [r, g, b]: [f32; 3], weight: f32) {
    let total = r + g + b + DARK;
    let [red, blue] = [(r - g) / total, (r + g - 2.0 * b) / total / 1.7];
    let axes = [
        (lightness([r, g, b]), LIGHTNESS),
        (0.5 + red / REACH / 2.0, CHROMATICITY),
        (0.5 + blue / REACH / 2.0, CHROMATICITY),
    ];
    let places = axes.map(|(value, bins)| {
        let at = value.clamp(0.0, 1.0) * (bins - 1) as f32;
        let low = (at as usize).min(bins - 2);
        (low, at - low as f32)
    });
    for corner in 0..8 {
        let (mut bin, mut share) = (0, weight);
        for (axis, (low, above)) in places.iter().enumerate() {
            let high = corner >> axis & 1;
            bin = bin * axes[axis].1 + low + high;
            share *= if high == 1 { *above } else { 1.0 - above };
        }
        bins[bin] += share;
    }
}

/// CIE lightness of sRGB, 0..=1.
fn lightness(rgb: [f32; 3]) -> f32 {
    let [r, g, b] = rgb.map(|v| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) });
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    if y > 216.0 / 24_389.0 { 1.16 * y.cbrt() - 0.16 } else { y * 24_389.0 / 2_700.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: [f32; 3], other: [f32; 3]) -> f32 {
        let of = |[r, g, b]: [f32; 3]| histogram(&[r, g, b, 1.0]);
        of(one).iter().zip(of(other)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn light_changes_colours_less_than_paint() {
        assert!((alike([0.8, 0.2, 0.1], [0.8, 0.2, 0.1]) - 1.0).abs() < 1e-5);
        let darker = alike([0.8, 0.2, 0.1], [0.6, 0.15, 0.08]);
        let blue = alike([0.8, 0.2, 0.1], [0.1, 0.2, 0.8]);
        let black = alike([0.95, 0.95, 0.95], [0.05, 0.05, 0.05]);
        assert!(darker > 0.7 && blue < 0.1 && black < 0.5, "{darker} {blue} {black}");
    }

    #[test]
    fn what_is_hardly_seen_counts_hardly() {
        let bins = histogram(&[0.9, 0.0, 0.1, 0.0, 0.1, 0.2, 1.0, 0.2]);
        let red = histogram(&[0.9, 0.1, 0.1, 1.0]);
        assert!(bins.iter().zip(red).map(|(a, b)| a * b).sum::<f32>() > 0.99);
    }
}
