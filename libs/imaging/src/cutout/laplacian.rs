//! The matting Laplacian: how badly an alpha goes with the colours of its picture.

use std::ops::Range;
use std::thread;

use image::RgbImage;

/// How much noise of the picture is forgiven: the variance of a colour within 0..1 that says nothing.
const NOISE: f32 = 1e-5;
/// Pixels from which a picture is worth a second core.
const LARGE: usize = 40_000;
/// Pixels of a window.
const WINDOW: f32 = 9.0;

type Quad = [f32; 4];

/// The matting Laplacian of a picture in windows of 3 × 3, never written out: in every window an alpha is compared with the
/// linear function of colour that comes nearest to it.
///
/// Source: Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting" (2008); the sums after He, Sun and
/// Tang, "Fast Matting Using Large Kernel Matting Laplacian Matrices" (2010).
pub(super) struct Laplacian {
    width: usize,
    height: usize,
    /// Red, green and blue, 0..1, and 1.
    colours: Vec<Quad>,
    /// For the window round each pixel: the means of red, green and blue.
    means: Vec<Quad>,
    /// The inverse of the window's covariance: xx, xy, xz, yy, yz, zz.
    inverses: Vec<[f32; 6]>,
}

impl Laplacian {
    /// Of a picture of at least 3 × 3 pixels.
    pub(super) fn of(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let pixels = image.as_raw().as_chunks::<3>().0;
        let colours: Vec<Quad> = pixels
            .iter()
            .map(|[r, g, b]| [f32::from(*r) / 255.0, f32::from(*g) / 255.0, f32::from(*b) / 255.0, 1.0])
            .collect();
        let (mut means, mut inverses) = (vec![[0.0; 4]; colours.len()], vec![[0.0; 6]; colours.len()]);
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let at = y * width + x;
                (means[at], inverses[at]) = window(&colours, at, width);
            }
        }
        Self { width, height, colours, means, inverses }
    }

    pub(super) fn pixels(&self) -> usize {
        self.colours.len()
    }

    /// The sums, over all windows that a pixel lies in, of the linear functions that come nearest to `alpha` there: factors
    /// of red, green and blue, and what is added. Large pictures are divided among two cores.
    fn sums(&self, alpha: &[f32]) -> Vec<Quad> {
        if self.colours.len() < LARGE {
            return self.sums_of(alpha, 0..self.height);
        }
        let middle = self.height / 2;
        thread::scope(|scope| {
            let lower = scope.spawn(|| self.sums_of(alpha, middle..self.height));
            let mut sums = self.sums_of(alpha, 0..middle);
            // A panic there is one here.
            sums.extend(lower.join().unwrap_or_default());
            sums
        })
    }

    /// [`Laplacian::sums`] of some rows, which depend on two more on either side.
    fn sums_of(&self, alpha: &[f32], rows: Range<usize>) -> Vec<Quad> {
        let (first, last) = (rows.start.saturating_sub(2), (rows.end + 2).min(self.height));
        let near = first * self.width..last * self.width;
        let of = self.colours[near.clone()].iter().zip(&alpha[near.clone()]);
        let weighted: Vec<Quad> = of.map(|(c, a)| c.map(|v| v * a)).collect();
        let mut functions = self.windows(&weighted);
        let windows = self.means[near.clone()].iter().zip(&self.inverses[near]);
        for (sum, (mean, [xx, xy, xz, yy, yz, zz])) in functions.iter_mut().zip(windows) {
            let [r, g, b, a] = sum.map(|v| v / WINDOW);
            let (r, g, b) = (r - mean[0] * a, g - mean[1] * a, b - mean[2] * a);
            let factors = [xx * r + xy * g + xz * b, xy * r + yy * g + yz * b, xz * r + yz * g + zz * b];
            let added = a - factors[0] * mean[0] - factors[1] * mean[1] - factors[2] * mean[2];
            *sum = [factors[0], factors[1], factors[2], added];
        }
        self.within(&mut functions, first, last);
        let sums = self.windows(&functions);
        sums[(rows.start - first) * self.width..(rows.end - first) * self.width].to_vec()
    }

    /// The Laplacian times `alpha`.
    pub(super) fn times(&self, alpha: &[f32]) -> Vec<f32> {
        let sums = self.sums(alpha);
        let one = |i: usize| {
            let [r, g, b, added] = sums[i];
            let [cr, cg, cb, _] = self.colours[i];
            self.covered(i) * alpha[i] - (r * cr + g * cg + b * cb + added)
        };
        (0..alpha.len()).map(one).collect()
    }

    /// Its diagonal.
    pub(super) fn diagonal(&self) -> Vec<f32> {
        let (w, mut diagonal) = (self.width, vec![0.0; self.colours.len()]);
        for at in self.centres() {
            let (mean, [xx, xy, xz, yy, yz, zz]) = (self.means[at], self.inverses[at]);
            for i in [at - w - 1, at - w, at - w + 1, at - 1, at, at + 1, at + w - 1, at + w, at + w + 1] {
                let [r, g, b]: [f32; 3] = std::array::from_fn(|k| self.colours[i][k] - mean[k]);
                let square = xx * r * r + yy * g * g + zz * b * b + 2.0 * (xy * r * g + xz * r * b + yz * g * b);
                diagonal[i] += 1.0 - (1.0 + square) / WINDOW;
            }
        }
        diagonal
    }

    /// What a fine picture's alpha would be by the linear functions of colour that its reduced picture's alpha follows: three
    /// factors and what is added, for each pixel of the reduced picture.
    pub(super) fn functions(&self, alpha: &[f32]) -> Vec<Quad> {
        let mut sums = self.sums(alpha);
        for (i, sum) in sums.iter_mut().enumerate() {
            let covered = self.covered(i).max(1.0);
            *sum = sum.map(|v| v / covered);
        }
        sums
    }

    /// How many windows a pixel lies in.
    fn covered(&self, i: usize) -> f32 {
        let along = |at: usize, of: usize| at.min(of - 1 - at).min(2) + 1;
        let (x, y) = (along(i % self.width, self.width), along(i / self.width, self.height));
        (x.min(self.width - 2) * y.min(self.height - 2)) as f32
    }

    fn centres(&self) -> impl Iterator<Item = usize> + use<> {
        let (w, h) = (self.width, self.height);
        (1..h - 1).flat_map(move |y| y * w + 1..y * w + w - 1)
    }

    /// Clears what is beside the middles of windows, in the rows from `first` to before `last`.
    fn within(&self, values: &mut [Quad], first: usize, last: usize) {
        let w = self.width;
        let end = values.len() - w;
        if first == 0 {
            values[..w].fill([0.0; 4]);
        }
        if last == self.height {
            values[end..].fill([0.0; 4]);
        }
        for row in values.chunks_exact_mut(w) {
            row[0] = [0.0; 4];
            row[w - 1] = [0.0; 4];
        }
    }

    /// Sums over the 3 × 3 pixels round each; beyond the picture there is nothing.
    fn windows(&self, values: &[Quad]) -> Vec<Quad> {
        let (w, h) = (self.width, values.len() / self.width);
        let mut across = vec![[0.0; 4]; values.len()];
        for (to, from) in across.chunks_exact_mut(w).zip(values.chunks_exact(w)) {
            for (to, near) in to[1..].iter_mut().zip(from.windows(3)) {
                *to = std::array::from_fn(|k| near[0][k] + near[1][k] + near[2][k]);
            }
            to[0] = std::array::from_fn(|k| from[0][k] + from[1][k]);
            to[w - 1] = std::array::from_fn(|k| from[w - 2][k] + from[w - 1][k]);
        }
        let mut sums = across.clone();
        for y in 0..h {
            let to = &mut sums[y * w..][..w];
            for beside in [y.checked_sub(1), (y + 1 < h).then_some(y + 1)].into_iter().flatten() {
                for (to, from) in to.iter_mut().zip(&across[beside * w..][..w]) {
                    (0..4).for_each(|k| to[k] += from[k]);
                }
            }
        }
        sums
    }
}

/// The mean and the inverse covariance of the colours in the window round `at`.
fn window(colours: &[Quad], at: usize, width: usize) -> (Quad, [f32; 6]) {
    let near =
        [at - width - 1, at - width, at - width + 1, at - 1, at, at + 1, at + width - 1, at + width, at + width + 1];
    let mut mean = [0.0; 4];
    near.iter().for_each(|i| (0..4).for_each(|k| mean[k] += colours[*i][k] / WINDOW));
    let [mut xx, mut xy, mut xz, mut yy, mut yz, mut zz] = [0.0; 6];
    for i in near {
        let [x, y, z]: [f32; 3] = std::array::from_fn(|k| colours[i][k] - mean[k]);
        xx += x * x;
        xy += x * y;
        xz += x * z;
        yy += y * y;
        yz += y * z;
        zz += z * z;
    }
    let [xx, xy, xz, yy, yz, zz] =
        [xx + NOISE, xy, xz, yy + NOISE, yz, zz + NOISE].map(|v| f64::from(v) / f64::from(WINDOW));
    let (a, b, c) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
    let determinant = xx * a + xy * b + xz * c;
    let (d, e, f) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
    (mean, [a, b, c, d, e, f].map(|v| (v / determinant) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes and grain, and an alpha that follows the stripes.
    fn striped(width: u32, height: u32) -> (RgbImage, Vec<f32>) {
        let image = RgbImage::from_fn(width, height, |x, y| {
            let grain = ((x * 7 + y * 13) % 11) as u8;
            image::Rgb(if x / 9 % 2 == 0 { [200, 60 + grain, 40] } else { [40, 90, 180 + grain] })
        });
        let alpha = (0..width * height).map(|i| f32::from(u8::from((i % width / 9).is_multiple_of(2)))).collect();
        (image, alpha)
    }

    #[test]
    fn what_follows_the_colours_costs_little_and_what_cuts_through_them_much() {
        let (image, along) = striped(60, 40);
        let laplacian = Laplacian::of(&image);
        let cost = |alpha: &[f32]| laplacian.times(alpha).iter().zip(alpha).map(|(l, a)| l * a).sum::<f32>();
        let across: Vec<f32> =
            (0..60u32 * 40).map(|i| f32::from(u8::from((i / 60 / 9u32).is_multiple_of(2)))).collect();
        assert!(cost(&along) >= -1e-3 && cost(&along) * 20.0 < cost(&across), "{} {}", cost(&along), cost(&across));
        assert!(laplacian.times(&vec![1.0; 60 * 40]).iter().all(|v| v.abs() < 1e-3), "all alike costs nothing");
    }

    #[test]
    fn two_cores_find_what_one_does() {
        let (image, alpha) = striped(231, 187);
        let laplacian = Laplacian::of(&image);
        assert!(alpha.len() > LARGE);
        assert_eq!(laplacian.sums(&alpha), laplacian.sums_of(&alpha, 0..187));
    }
}
