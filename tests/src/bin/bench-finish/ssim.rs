//! Structural similarity (Wang et al. 2004) of luma, in windows of 8 × 8 pixels, 4 apart.

use cavendish_imaging::image::RgbImage;

const WINDOW: u32 = 8;
const STRIDE: usize = 4;
const C1: f64 = 0.01 * 255.0 * 0.01 * 255.0;
const C2: f64 = 0.03 * 255.0 * 0.03 * 255.0;

/// The mean over all windows, 1 for equal pictures; 0 for pictures of different sizes.
pub(crate) fn ssim(a: &RgbImage, b: &RgbImage) -> f64 {
    if a.dimensions() != b.dimensions() {
        return 0.0;
    }
    let (width, height) = a.dimensions();
    let (mut sum, mut count) = (0.0, 0u32);
    for y in (0..height.saturating_sub(WINDOW - 1)).step_by(STRIDE) {
        for x in (0..width.saturating_sub(WINDOW - 1)).step_by(STRIDE) {
            sum += window(a, b, x, y);
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

fn window(a: &RgbImage, b: &RgbImage, x: u32, y: u32) -> f64 {
    let (mut sa, mut sb, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for row in y..y + WINDOW {
        for column in x..x + WINDOW {
            let (p, q) = (luma(a, column, row), luma(b, column, row));
            sa += p;
            sb += q;
            aa += p * p;
            bb += q * q;
            ab += p * q;
        }
    }
    let n = f64::from(WINDOW * WINDOW);
    let (ma, mb) = (sa / n, sb / n);
    let (va, vb, cov) = (aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb);
    (2.0 * ma * mb + C1) * (2.0 * cov + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2))
}

fn luma(image: &RgbImage, x: u32, y: u32) -> f64 {
    let [r, g, b] = image.get_pixel(x, y).0.map(f64::from);
    0.299 * r + 0.587 * g + 0.114 * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::image::Rgb;

    #[test]
    fn equal_pictures_are_alike_and_noise_is_not() {
        let picture = RgbImage::from_fn(32, 24, |x, y| Rgb([(x * 7) as u8, (y * 9) as u8, 90]));
        let noise = RgbImage::from_fn(32, 24, |x, y| Rgb([(x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)) as u8; 3]));
        assert!((ssim(&picture, &picture) - 1.0).abs() < 1e-9);
        assert!(ssim(&picture, &noise) < 0.3);
    }
}
