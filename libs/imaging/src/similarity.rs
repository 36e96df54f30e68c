//! How alike two pictures look: structural similarity (Wang et al. 2004), of lightness and of colour.

use image::RgbImage;

/// Side of a window, and how far apart windows are, pixels.
const WINDOW: usize = 8;
const STRIDE: usize = 4;
const C1: f32 = 0.01 * 255.0 * 0.01 * 255.0;
const C2: f32 = 0.03 * 255.0 * 0.03 * 255.0;
/// What lightness and both channels of colour count for; as in the weighted PSNR of video coding, 6 to 1 to 1.
const WEIGHTS: [f64; 3] = [0.75, 0.125, 0.125];
/// Y, Cb and Cr of BT.601.
const MATRIX: [[f32; 3]; 3] = [[0.299, 0.587, 0.114], [-0.168_736, -0.331_264, 0.5], [0.5, -0.418_688, -0.081_312]];

/// How alike two pictures look, 1 when they are equal; 0 for pictures of different sizes, or smaller than 8 × 8.
pub fn similarity(a: &RgbImage, b: &RgbImage) -> f64 {
    (0..3).map(|channel| WEIGHTS[channel] * alike(a, b, channel)).sum()
}

/// The same of lightness alone.
pub fn similarity_of_luma(a: &RgbImage, b: &RgbImage) -> f64 {
    alike(a, b, 0)
}

/// The mean over all windows of one channel of `MATRIX`.
fn alike(a: &RgbImage, b: &RgbImage, channel: usize) -> f64 {
    let (width, height) = (a.width() as usize, a.height() as usize);
    if a.dimensions() != b.dimensions() || width < WINDOW || height < WINDOW {
        return 0.0;
    }
    let (a, b) = (plane(a, channel), plane(b, channel));
    let (mut sum, mut count) = (0.0, 0_u32);
    for y in (0..=height - WINDOW).step_by(STRIDE) {
        for x in (0..=width - WINDOW).step_by(STRIDE) {
            sum += f64::from(window(&a, &b, y * width + x, width));
            count += 1;
        }
    }
    sum / f64::from(count)
}

fn plane(image: &RgbImage, channel: usize) -> Vec<f32> {
    let [r, g, b] = MATRIX[channel];
    // Colour lies round 0; where lightness is compared, 128 is the middle.
    let middle = if channel == 0 { 0.0 } else { 128.0 };
    image.pixels().map(|p| r * f32::from(p.0[0]) + g * f32::from(p.0[1]) + b * f32::from(p.0[2]) + middle).collect()
}

fn window(a: &[f32], b: &[f32], start: usize, width: usize) -> f32 {
    let (mut sa, mut sb, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for row in 0..WINDOW {
        let at = start + row * width;
        for (p, q) in a[at..at + WINDOW].iter().zip(&b[at..at + WINDOW]) {
            sa += p;
            sb += q;
            aa += p * p;
            bb += q * q;
            ab += p * q;
        }
    }
    let n = (WINDOW * WINDOW) as f32;
    let (ma, mb) = (sa / n, sb / n);
    let (va, vb, cov) = (aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb);
    (2.0 * ma * mb + C1) * (2.0 * cov + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn equal_pictures_are_alike_and_noise_is_not() {
        let picture = RgbImage::from_fn(32, 24, |x, y| Rgb([(x * 7) as u8, (y * 9) as u8, 90]));
        let noise = RgbImage::from_fn(32, 24, |x, y| Rgb([(x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)) as u8; 3]));
        assert!((similarity(&picture, &picture) - 1.0).abs() < 1e-4);
        assert!(similarity(&picture, &noise) < 0.5 && similarity_of_luma(&picture, &noise) < 0.4);
        assert!(similarity(&picture, &RgbImage::new(8, 8)) == 0.0);
    }

    #[test]
    fn colour_counts() {
        let picture = RgbImage::from_fn(32, 32, |x, _| Rgb([(x % 4 * 60) as u8, 100, 200 - (x % 4 * 50) as u8]));
        let grey = RgbImage::from_fn(32, 32, |x, y| {
            let luma = plane(&picture, 0)[(y * 32 + x) as usize];
            Rgb([luma.round() as u8; 3])
        });
        assert!(similarity_of_luma(&picture, &grey) > 0.98);
        assert!(similarity(&picture, &grey) < 0.9);
    }
}
