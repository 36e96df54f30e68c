//! What lies round each pixel: weighted sums in a Gaussian window.

use image::RgbImage;

use crate::blur::gaussian_of;

/// `N` sums for every pixel of a picture. Wide windows are smooth, so they are kept on a coarser grid.
pub(crate) struct Spread<const N: usize> {
    /// Pixels of the picture along one side of a cell.
    step: usize,
    /// The picture's width in pixels.
    across: usize,
    /// Cells in a row, and rows.
    size: [usize; 2],
    sums: Vec<f32>,
}

/// Cells along one sigma, at least: fewer would show in what is read between them.
const CELLS: f32 = 3.0;
const LARGEST_STEP: usize = 32;

impl<const N: usize> Spread<N> {
    /// Sums of `value` of each pixel of a `width` × `height` picture, in a window of `sigma` pixels.
    pub(crate) fn of((width, height): (usize, usize), sigma: f32, value: impl Fn(usize) -> [f32; N]) -> Self {
        let mut step = 1;
        while step < LARGEST_STEP && sigma / (2 * step) as f32 >= CELLS {
            step *= 2;
        }
        let size = [width, height].map(|side| side.div_ceil(step));
        let mut sums = match step {
            1 => {
                let mut sums = Vec::with_capacity(width * height * N);
                (0..width * height).for_each(|i| sums.extend_from_slice(&value(i)));
                sums
            }
            _ => means((width, height), step, value),
        };
        gaussian_of::<N>(&mut sums, size[0], size[1], [sigma / step as f32; 2]);
        Self { step, across: width, size, sums }
    }

    /// The sums round pixel `i`.
    pub(crate) fn at(&self, i: usize) -> [f32; N] {
        let cells = self.sums.as_chunks::<N>().0;
        if self.step == 1 {
            return cells[i];
        }
        let place = |at: usize, cells: usize| {
            let at = ((at as f32 + 0.5) / self.step as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
            (at as usize, (at as usize + 1).min(cells - 1), at.fract())
        };
        let (x0, x1, fx) = place(i % self.across, self.size[0]);
        let (y0, y1, fy) = place(i / self.across, self.size[1]);
        let row = |y: usize| &cells[y * self.size[0]..];
        let between = |a: [f32; N], b: [f32; N], f: f32| std::array::from_fn(|k| a[k] + (b[k] - a[k]) * f);
        between(between(row(y0)[x0], row(y0)[x1], fx), between(row(y1)[x0], row(y1)[x1], fx), fy)
    }
}

/// The means of a value over cells of `step` × `step` pixels.
fn means<const N: usize>((width, height): (usize, usize), step: usize, value: impl Fn(usize) -> [f32; N]) -> Vec<f32> {
    let [columns, rows] = [width, height].map(|side| side.div_ceil(step));
    let mut sums = vec![0.0; columns * rows * N];
    for (row, cells) in sums.chunks_exact_mut(columns * N).enumerate() {
        let lines = row * step..height.min((row + 1) * step);
        for (column, cell) in cells.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            let across = column * step..width.min((column + 1) * step);
            for i in lines.clone().flat_map(|y| across.clone().map(move |x| y * width + x)) {
                let value = value(i);
                (0..N).for_each(|k| cell[k] += value[k]);
            }
            let pixels = (lines.len() * across.len()) as f32;
            cell.iter_mut().for_each(|sum| *sum /= pixels);
        }
    }
    sums
}

/// Colours spread from where they have weight.
pub(crate) struct Colours(Spread<4>);

impl Colours {
    /// The colours of a picture's pixels by their `weight`, 0..1, in a window of `sigma` pixels.
    pub(crate) fn of(image: &RgbImage, weight: &[f32], sigma: f32) -> Self {
        let pixels = image.as_raw().as_chunks::<3>().0;
        Self(Spread::of((image.width() as usize, image.height() as usize), sigma, |i| {
            let ([r, g, b], w) = (pixels[i].map(f32::from), weight[i]);
            [r * w, g * w, b * w, w]
        }))
    }

    /// The mean colour round pixel `i`; None where nothing of weight is near.
    pub(crate) fn at(&self, i: usize) -> Option<[f32; 3]> {
        let [r, g, b, weight] = self.0.at(i);
        (weight > 1e-4).then(|| [r, g, b].map(|sum| sum / weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blur::gaussian;

    #[test]
    fn a_coarse_grid_tells_what_a_fine_one_would() {
        let (w, h) = (203, 161);
        let value = |i: usize| {
            let (x, y) = (i % w, i / w);
            if (x as f32 - 90.0).hypot(y as f32 - 70.0) < 40.0 { 200.0 } else { (i * 7 % 40) as f32 }
        };
        let coarse = Spread::<1>::of((w, h), 16.0, |i| [value(i)]);
        assert_eq!(coarse.step, 4);
        let mut fine: Vec<f32> = (0..w * h).map(value).collect();
        gaussian(&mut fine, w, h, 16.0);
        let worst = fine.iter().enumerate().map(|(i, v)| (v - coarse.at(i)[0]).abs()).fold(0.0, f32::max);
        assert!(worst < 3.0, "{worst} of 200");
    }
}
