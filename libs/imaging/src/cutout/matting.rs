//! From what is known to an alpha that goes with the picture's colours, coarse to fine.

use image::RgbImage;

use super::laplacian::Laplacian;
use crate::resize::resize_plane;

/// What is known of an alpha: for each pixel what it should be, and how much that weighs.
pub(super) struct Known {
    pub(super) alpha: Vec<f32>,
    pub(super) weight: Vec<f32>,
}

/// What a pixel weighs that is certain; the Laplacian's rows are of the order of 1 to 10.
pub(super) const CERTAIN: f32 = 10.0;
/// What an alpha of a coarser picture weighs in a finer one.
const COARSER: f32 = 2e-3;
/// An alpha nearer to 0 or 1 than this is there.
const THERE: f32 = 0.02;

/// An alpha, and how it follows the picture that it is of.
pub(super) struct Solved {
    pub(super) size: (u32, u32),
    pub(super) alpha: Vec<f32>,
    functions: Vec<[f32; 4]>,
}

impl Solved {
    /// The alpha that goes best with a picture's colours and with what is known of it: at most `turns` of conjugate gradients
    /// from `start`.
    pub(super) fn of(image: &RgbImage, known: &Known, start: &[f32], turns: usize) -> Self {
        let open: Vec<bool> = known.weight.iter().map(|weight| *weight < CERTAIN).collect();
        let mut laplacian = Laplacian::of(image, &open);
        let mut alpha = conjugate_gradients(&mut laplacian, known, start, turns);
        alpha.iter_mut().for_each(|a| *a = a.clamp(0.0, 1.0));
        let functions = laplacian.functions(&alpha);
        Self { size: image.dimensions(), alpha, functions }
    }

    /// The same of a larger picture: brought there along its colours, and improved in `turns`.
    pub(super) fn finer(&self, image: &RgbImage, turns: usize) -> Self {
        let start = self.brought(image);
        let sure = self.sure();
        let (w, h) = (self.size.0 as usize, self.size.1 as usize);
        let weight = (0..start.len()).map(|i| {
            let (x, y) = (i % image.width() as usize, i / image.width() as usize);
            let (x, y) = (x * w / image.width() as usize, y * h / image.height() as usize);
            if sure[y * w + x] { CERTAIN } else { COARSER }
        });
        let known = Known { weight: weight.collect(), alpha: start };
        Self::of(image, &known, &known.alpha, turns)
    }

    /// What is all subject or none, and has only such round it.
    fn sure(&self) -> Vec<bool> {
        let (w, h) = (self.size.0 as usize, self.size.1 as usize);
        let beside = |i: usize, of: usize| i.saturating_sub(2)..(i + 3).min(of);
        let same = |i: usize| {
            let own = self.alpha[i] > 0.5;
            let there = |a: f32| if own { a > 1.0 - THERE } else { a < THERE };
            beside(i / w, h).all(|y| beside(i % w, w).all(|x| there(self.alpha[y * w + x])))
        };
        (0..self.alpha.len()).map(same).collect()
    }

    /// The alpha of another size of the same picture, by the linear functions of its colours that this one follows.
    pub(super) fn brought(&self, image: &RgbImage) -> Vec<f32> {
        let (width, height) = image.dimensions();
        let mut alpha = Vec::with_capacity(width as usize * height as usize);
        (0..height).for_each(|y| self.brought_row(image, y, &mut alpha));
        alpha
    }

    /// One row of [`Solved::brought`].
    pub(super) fn brought_row(&self, image: &RgbImage, y: u32, to: &mut Vec<f32>) {
        let (width, height) = image.dimensions();
        let columns = Between::of(width, self.size.0);
        let row = Between::at(y, height, self.size.1);
        let w = self.size.0 as usize;
        let (above, below) = (row.first * w, row.second * w);
        let pixels = &image.as_raw().as_chunks::<3>().0[(y * width) as usize..][..width as usize];
        for (pixel, column) in pixels.iter().zip(columns) {
            let corners = [above + column.first, above + column.second, below + column.first, below + column.second];
            let shares = column.shares(&row);
            let mean = |of: &dyn Fn(usize) -> f32| (0..4).map(|k| of(corners[k]) * shares[k]).sum::<f32>();
            let plain = mean(&|i| self.alpha[i]);
            if corners.iter().all(|i| (self.alpha[*i] - plain).abs() < THERE) {
                to.push(if plain < THERE {
                    0.0
                } else if plain > 1.0 - THERE {
                    1.0
                } else {
                    plain
                });
                continue;
            }
            let factors: [f32; 4] = std::array::from_fn(|c| mean(&|i| self.functions[i][c]));
            let own = (0..3).map(|c| factors[c] * f32::from(pixel[c]) / 255.0).sum::<f32>() + factors[3];
            // Not beyond what is near: a function of colour may swing where colours are new.
            let (least, most) =
                corners.iter().fold((1.0f32, 0.0f32), |(l, m), i| (l.min(self.alpha[*i]), m.max(self.alpha[*i])));
            to.push(own.clamp((least - 0.5).max(0.0), (most + 0.5).min(1.0)));
        }
    }
}

/// Where a pixel of one size lies between two of another.
#[derive(Clone, Copy)]
pub(super) struct Between {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) share: f32,
}

impl Between {
    pub(super) fn at(i: u32, of: u32, in_size: u32) -> Self {
        let at = ((i as f32 + 0.5) * in_size as f32 / of as f32 - 0.5).clamp(0.0, (in_size - 1) as f32);
        let first = at as usize;
        Self { first, second: (first + 1).min(in_size as usize - 1), share: at.fract() }
    }

    pub(super) fn of(of: u32, in_size: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |i| Self::at(i, of, in_size))
    }

    /// Of the four pixels round a place: left and right above, left and right below.
    pub(super) fn shares(&self, row: &Self) -> [f32; 4] {
        let (x, y) = (self.share, row.share);
        [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y]
    }
}

/// Solves (L + W) α = W k by conjugate gradients, preconditioned by the diagonal, where the Laplacian is asked; elsewhere α
/// is k.
fn conjugate_gradients(laplacian: &mut Laplacian, known: &Known, start: &[f32], turns: usize) -> Vec<f32> {
    let asked: Vec<usize> = laplacian.asked().collect();
    let diagonal = laplacian.diagonal();
    let scale: Vec<f32> = asked.iter().map(|i| 1.0 / (diagonal[*i] + known.weight[*i]).max(1e-6)).collect();
    let mut x = known.alpha.clone();
    asked.iter().for_each(|i| x[*i] = start[*i]);
    let mut product = vec![0.0; x.len()];
    laplacian.times(&x, &mut product);
    let off = |i: &usize| known.weight[*i] * (known.alpha[*i] - x[*i]) - product[*i];
    let mut left: Vec<f32> = asked.iter().map(off).collect();
    let mut along = vec![0.0; x.len()];
    let (mut length, mut enough) = (0.0, 0.0);
    for turn in 0..turns {
        let now: f64 = left.iter().zip(&scale).map(|(l, s)| f64::from(*l) * f64::from(l * s)).sum();
        let share = if turn == 0 { 0.0 } else { (now / length) as f32 };
        if turn == 0 {
            enough = (now * 1e-6).max(1e-12);
        }
        if now <= enough {
            break;
        }
        length = now;
        asked.iter().zip(left.iter().zip(&scale)).for_each(|(i, (l, s))| along[*i] = l * s + share * along[*i]);
        laplacian.times(&along, &mut product);
        asked.iter().for_each(|i| product[*i] += known.weight[*i] * along[*i]);
        let steep: f64 = asked.iter().map(|i| f64::from(along[*i]) * f64::from(product[*i])).sum();
        let step = (length / steep) as f32;
        for (i, left) in asked.iter().zip(&mut left) {
            x[*i] += step * along[*i];
            *left -= step * product[*i];
        }
    }
    x
}

/// A plane at another size.
pub(super) fn resized(plane: &[f32], from: (u32, u32), to: (u32, u32)) -> Vec<f32> {
    if from == to { plane.to_vec() } else { resize_plane(plane, from, to) }
}
