//! The matting Laplacian: how badly an alpha goes with the colours of its picture.

use std::ops::Range;

use image::RgbImage;

use super::mask::Mask;
use super::runs::{in_halves, runs};

/// How much noise of the picture is forgiven: the variance of a colour within 0..1 that says nothing.
const NOISE: f32 = 1e-5;
/// Pixels of a window.
const WINDOW: f32 = 9.0;

type Quad = [f32; 4];

/// The matting Laplacian of a picture in windows of 3 × 3, never written out: in every window an alpha is compared with the
/// linear function of colour that comes nearest to it. It is asked for where alpha is open, and just beside it; the rest is
/// most of a picture, and costs nothing.
///
/// Source: Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting" (2008); the sums after He, Sun and
/// Tang, "Fast Matting Using Large Kernel Matting Laplacian Matrices" (2010).
pub(super) struct Laplacian {
    width: usize,
    height: usize,
    /// Red, green and blue, 0..1, and 1.
    colours: Vec<Quad>,
    /// The pixels that are asked about, in runs.
    asked: Vec<Range<usize>>,
    /// The middles of the windows that these lie in.
    centres: Vec<Range<usize>>,
    /// For the window round each middle: the means of red, green and blue.
    means: Vec<Quad>,
    /// The inverse of the window's covariance: xx, xy, xz, yy, yz, zz.
    inverses: Vec<[f32; 6]>,
    /// For the window round each middle: the linear function of colour that comes nearest to the alpha asked about last.
    functions: Vec<Quad>,
}

impl Laplacian {
    /// Of a picture of at least 3 × 3 pixels, where `open` and one pixel beside it.
    pub(super) fn of(image: &RgbImage, open: &[bool]) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let pixels = image.as_raw().as_chunks::<3>().0;
        let colours: Vec<Quad> = pixels
            .iter()
            .map(|[r, g, b]| [f32::from(*r) / 255.0, f32::from(*g) / 255.0, f32::from(*b) / 255.0, 1.0])
            .collect();
        let closed = Mask::new(width, height, open.iter().map(|open| !open).collect()).eroded(1);
        let asked = runs(closed.on.iter().map(|closed| !closed));
        let far = closed.eroded(1);
        let inside = |i: usize| {
            let (x, y) = (i % width, i / width);
            x > 0 && y > 0 && x + 1 < width && y + 1 < height
        };
        let centres = runs(far.on.iter().enumerate().map(|(i, far)| !far && inside(i)));
        let (mut means, mut inverses) = (vec![[0.0; 4]; colours.len()], vec![[0.0; 6]; colours.len()]);
        for at in centres.iter().cloned().flatten() {
            (means[at], inverses[at]) = window(&colours, at, width);
        }
        let functions = vec![[0.0; 4]; colours.len()];
        Self { width, height, colours, asked, centres, means, inverses, functions }
    }

    /// The pixels that are asked about, in order.
    pub(super) fn asked(&self) -> impl Iterator<Item = usize> + use<'_> {
        self.asked.iter().cloned().flatten()
    }

    /// Finds the linear functions that come nearest to `alpha` in every window.
    fn learn(&mut self, alpha: &[f32]) {
        let mut functions = std::mem::take(&mut self.functions);
        in_halves(&self.centres, &mut functions, |centres, from, to| {
            centres
                .iter()
                .for_each(|run| self.learn_run(alpha, run.clone(), &mut to[run.start - from..run.end - from]));
        });
        self.functions = functions;
    }

    fn learn_run(&self, alpha: &[f32], run: Range<usize>, to: &mut [Quad]) {
        let column = |at: usize| {
            let of = |i: usize| self.colours[i].map(|v| v * alpha[i]);
            let (above, here, below) = (of(at - self.width), of(at), of(at + self.width));
            std::array::from_fn::<f32, 4, _>(|k| above[k] + here[k] + below[k])
        };
        let (mut left, mut middle) = (column(run.start - 1), column(run.start));
        for (at, to) in run.zip(to) {
            let right = column(at + 1);
            let [r, g, b, a]: Quad = std::array::from_fn(|k| (left[k] + middle[k] + right[k]) / WINDOW);
            let (mean, [xx, xy, xz, yy, yz, zz]) = (self.means[at], self.inverses[at]);
            let (r, g, b) = (r - mean[0] * a, g - mean[1] * a, b - mean[2] * a);
            let factors = [xx * r + xy * g + xz * b, xy * r + yy * g + yz * b, xz * r + yz * g + zz * b];
            let added = a - factors[0] * mean[0] - factors[1] * mean[1] - factors[2] * mean[2];
            *to = [factors[0], factors[1], factors[2], added];
            (left, middle) = (middle, right);
        }
    }

    /// The sum of the functions of all windows that a pixel lies in.
    fn sum(&self, i: usize) -> Quad {
        let (w, h) = (self.width, self.height);
        let (x, y) = (i % w, i / w);
        let mut sum = [0.0; 4];
        for y in y.saturating_sub(1)..(y + 2).min(h) {
            for function in &self.functions[y * w + x.saturating_sub(1)..y * w + (x + 2).min(w)] {
                (0..4).for_each(|k| sum[k] += function[k]);
            }
        }
        sum
    }

    /// Writes the Laplacian times `alpha` where it is asked for.
    pub(super) fn times(&mut self, alpha: &[f32], product: &mut [f32]) {
        self.learn(alpha);
        in_halves(&self.asked, product, |asked, from, to| {
            for i in asked.iter().cloned().flatten() {
                let [r, g, b, added] = self.sum(i);
                let [cr, cg, cb, _] = self.colours[i];
                to[i - from] = self.covered(i) * alpha[i] - (r * cr + g * cg + b * cb + added);
            }
        });
    }

    /// Its diagonal, where it is asked for.
    pub(super) fn diagonal(&self) -> Vec<f32> {
        let (w, mut diagonal) = (self.width, vec![0.0; self.colours.len()]);
        for at in self.centres.iter().cloned().flatten() {
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
    /// factors and what is added, for each pixel of the reduced picture. Where nothing is asked, alpha itself.
    pub(super) fn functions(&mut self, alpha: &[f32]) -> Vec<Quad> {
        self.learn(alpha);
        let mut functions: Vec<Quad> = alpha.iter().map(|a| [0.0, 0.0, 0.0, *a]).collect();
        for i in self.asked() {
            let covered = self.covered(i).max(1.0);
            functions[i] = self.sum(i).map(|v| v / covered);
        }
        functions
    }

    /// How many windows a pixel lies in.
    fn covered(&self, i: usize) -> f32 {
        let along = |at: usize, of: usize| at.min(of - 1 - at).min(2) + 1;
        let (x, y) = (along(i % self.width, self.width), along(i / self.width, self.height));
        (x.min(self.width - 2) * y.min(self.height - 2)) as f32
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
    use super::super::runs::LARGE;
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

    fn times(image: &RgbImage, open: &[bool], alpha: &[f32]) -> Vec<f32> {
        let mut product = vec![0.0; alpha.len()];
        Laplacian::of(image, open).times(alpha, &mut product);
        product
    }

    #[test]
    fn what_follows_the_colours_costs_little_and_what_cuts_through_them_much() {
        let (image, along) = striped(60, 40);
        let all = vec![true; 60 * 40];
        let cost = |alpha: &[f32]| times(&image, &all, alpha).iter().zip(alpha).map(|(l, a)| l * a).sum::<f32>();
        let across: Vec<f32> =
            (0..60u32 * 40).map(|i| f32::from(u8::from((i / 60 / 9u32).is_multiple_of(2)))).collect();
        assert!(cost(&along) >= -1e-3 && cost(&along) * 20.0 < cost(&across), "{} {}", cost(&along), cost(&across));
        assert!(times(&image, &all, &vec![1.0; 60 * 40]).iter().all(|v| v.abs() < 1e-3), "all alike costs nothing");
    }

    #[test]
    fn what_is_asked_of_a_part_is_what_the_whole_says_of_it_on_one_core_and_on_two() {
        let (image, alpha) = striped(231, 187);
        let alpha: Vec<f32> = alpha.iter().enumerate().map(|(i, a)| a * (i % 5) as f32 / 4.0).collect();
        let whole = times(&image, &vec![true; alpha.len()], &alpha);
        let open: Vec<bool> = (0..alpha.len()).map(|i| (i % 231).abs_diff(i / 231) < 9).collect();
        let mut part = Laplacian::of(&image, &open);
        let asked: Vec<usize> = part.asked().collect();
        assert!(alpha.len() > LARGE && asked.len() < LARGE && asked.len() > 3000);
        let mut product = vec![0.0; alpha.len()];
        part.times(&alpha, &mut product);
        assert!(asked.iter().all(|i| product[*i] == whole[*i]));
        let functions = part.functions(&alpha);
        assert_eq!(functions[180], [0.0, 0.0, 0.0, alpha[180]], "far from what is asked");
    }
}
