//! What is left of a picture when its content is taken away as far as can be, and folded onto one tile.

use super::spectrum::SIDE;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{ImageError, resize_rgb};

/// Longest side that is looked at, pixels: the mark lies at frequencies that need no more.
const LONGEST: u32 = 1280;

/// Radius of the neighbourhood that a pixel is compared with.
const RADIUS: usize = 6;

/// How far above their neighbours' variation pixels are believed.
const LIMIT: f32 = 2.5;

/// The luma of a picture, less its neighbourhood's mean, weighted by how well a mark can be told there.
pub(super) struct Residual {
    width: usize,
    values: Vec<f32>,
}

impl Residual {
    /// # Errors
    /// When the picture has no pixels.
    pub(super) fn of(image: &RgbImage) -> Result<Self, ImageError> {
        let longest = image.width().max(image.height());
        if longest <= LONGEST {
            return Ok(Self::of_luma(image));
        }
        let side = |n: u32| (u64::from(n) * u64::from(LONGEST)).div_ceil(u64::from(longest)) as u32;
        Ok(Self::of_luma(&resize_rgb(image, side(image.width()), side(image.height()))?))
    }

    fn of_luma(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut values: Vec<f32> = image.pixels().map(|pixel| luma(pixel.0)).collect();
        let mut mean = values.clone();
        blur(&mut mean, width, height);
        values.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        let mut variance: Vec<f32> = values.iter().map(|value| value * value).collect();
        blur(&mut variance, width, height);
        for (value, variance) in values.iter_mut().zip(&variance) {
            let deviation = variance.max(0.0).sqrt();
            let limit = LIMIT * deviation;
            // The mark grows with the activity around it, and so does what hides it: the matched filter divides one by
            // the square of the other.
            *value = value.clamp(-limit, limit) * (1.0 + 0.2 * deviation) / (variance + 1.0);
        }
        Self { width, values }
    }

    /// Pixels of the longest side.
    pub(super) fn longest(&self) -> usize {
        self.width.max(self.values.len() / self.width.max(1))
    }

    /// All tiles laid on each other, where a pixel is `step` samples of the tile.
    pub(super) fn folded(&self, step: f32) -> Vec<f32> {
        let sample = |at: usize| ((at as f32 + 0.5) * step) as usize % SIDE;
        let columns: Vec<u8> = (0..self.width).map(|x| sample(x) as u8).collect();
        let mut tile = vec![0.0; SIDE * SIDE];
        for (y, row) in self.values.chunks_exact(self.width.max(1)).enumerate() {
            let tile = &mut tile[sample(y) * SIDE..][..SIDE];
            row.iter().zip(&columns).for_each(|(value, &column)| tile[usize::from(column)] += value);
        }
        tile
    }
}

/// BT.601, as JPEG has it.
pub(super) fn luma([r, g, b]: [u8; 3]) -> f32 {
    0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)
}

/// The mean of the square neighbourhood; edges are replicated.
fn blur(plane: &mut [f32], width: usize, height: usize) {
    let scale = 1.0 / (2 * RADIUS + 1) as f32;
    let mut from = vec![0.0; width];
    for row in plane.chunks_exact_mut(width.max(1)) {
        from.copy_from_slice(row);
        let at = |x: usize| from[x.min(width - 1)];
        let mut sum = from[0] * RADIUS as f32 + (0..=RADIUS).map(at).sum::<f32>();
        for (x, to) in row.iter_mut().enumerate() {
            *to = sum * scale;
            sum += at(x + RADIUS + 1) - at(x.saturating_sub(RADIUS));
        }
    }
    let from = plane.to_vec();
    let row = |y: usize| &from[y.min(height - 1) * width..][..width];
    let mut sums: Vec<f32> = row(0).iter().map(|value| value * RADIUS as f32).collect();
    (0..=RADIUS).for_each(|y| sums.iter_mut().zip(row(y)).for_each(|(sum, value)| *sum += value));
    for (y, to) in plane.chunks_exact_mut(width.max(1)).enumerate() {
        let (enter, leave) = (row(y + RADIUS + 1), row(y.saturating_sub(RADIUS)));
        for (((to, sum), enter), leave) in to.iter_mut().zip(&mut sums).zip(enter).zip(leave) {
            *to = *sum * scale;
            *sum += enter - leave;
        }
    }
}
