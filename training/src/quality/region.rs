//! Where the subjects of a picture before a studio backdrop are.

use super::colour::lab;
use cavendish_renderer::{Pixels, PixelsAlpha};

/// Differences from the backdrop, in units of L*a*b*, at which a pixel begins to be subject and at which it is. Shadows
/// differ in lightness, which therefore counts half.
const FAINT: f64 = 8.0;
const CLEAR: f64 = 18.0;
/// Pixels at the border that show the backdrop.
const BORDER: usize = 3;

/// A picture with what differs from its backdrop.
pub(super) struct Seen {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    alpha: Vec<f32>,
    /// The backdrop's median colour at the border.
    pub(super) backdrop: [f64; 3],
}

impl Seen {
    pub(super) fn new(picture: &Pixels) -> Self {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let colours: Vec<[f64; 3]> =
            picture.rgb.chunks_exact(3).map(|p| lab([p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0))).collect();
        let on_border = |index: &usize| {
            let (x, y) = (index % width, index / width);
            x < BORDER || x >= width - BORDER || y < BORDER || y >= height - BORDER
        };
        let border: Vec<usize> = (0..width * height).filter(on_border).collect();
        let backdrop = median(border.iter().map(|&index| colours[index]));
        let slope = slopes(&border, &colours, width, height, backdrop);
        let alpha = |(index, colour): (usize, &[f64; 3])| {
            let at = place(index, width, height);
            let off = |channel: usize| colour[channel] - backdrop[channel] - dot(slope[channel], at);
            let distance = (0.25 * off(0).powi(2) + off(1).powi(2) + off(2).powi(2)).sqrt();
            ((distance - FAINT) / (CLEAR - FAINT)).clamp(0.0, 1.0) as f32
        };
        let alpha = colours.iter().enumerate().map(alpha).collect();
        Self { width, height, rgb: picture.rgb.clone(), alpha, backdrop }
    }

    /// What is seen within a part of the picture (left, top, right, bottom as shares), if it is worth mentioning.
    pub(super) fn within(&self, [left, top, right, bottom]: [f32; 4]) -> Option<PixelsAlpha> {
        let at = |share: f32, all: usize| (share * all as f32).round() as usize;
        let (x0, x1) = (at(left, self.width), at(right, self.width));
        let (y0, y1) = (at(top, self.height), at(bottom, self.height));
        let mut rgba = Vec::with_capacity((x1 - x0) * (y1 - y0) * 4);
        let mut covered = 0.0;
        for y in y0..y1 {
            for x in x0..x1 {
                let index = y * self.width + x;
                rgba.extend_from_slice(&self.rgb[3 * index..3 * index + 3]);
                rgba.push((self.alpha[index] * 255.0) as u8);
                covered += self.alpha[index];
            }
        }
        let worth = covered > 0.03 * ((x1 - x0) * (y1 - y0)) as f32;
        worth.then_some(PixelsAlpha { width: (x1 - x0) as u32, height: (y1 - y0) as u32, rgba })
    }

    /// How many things stand beside each other: runs of columns with something in them.
    pub(super) fn things(&self) -> usize {
        let full = |x: usize| (0..self.height).map(|y| self.alpha[y * self.width + x]).sum::<f32>() > 1.5;
        let columns: Vec<bool> = (0..self.width).map(full).collect();
        columns.split(|full| !full).filter(|run| run.len() * 10 >= self.width).count()
    }

    /// Energy of the finest detail within the subject.
    pub(super) fn detail(&self) -> f64 {
        let grey = |index: usize| self.rgb[3 * index..3 * index + 3].iter().map(|&v| f64::from(v)).sum::<f64>() / 3.0;
        let (mut sum, mut weight) = (0.0, 0.0);
        for y in 1..self.height - 1 {
            for x in 1..self.width - 1 {
                let index = y * self.width + x;
                let around = grey(index - 1) + grey(index + 1) + grey(index - self.width) + grey(index + self.width);
                let alpha = f64::from(self.alpha[index]);
                sum += alpha * (4.0 * grey(index) - around).abs();
                weight += alpha;
            }
        }
        sum / weight.max(1.0)
    }
}

/// A pixel's position, −1..=1.
fn place(index: usize, width: usize, height: usize) -> [f64; 2] {
    let across = |at: usize, all: usize| (at as f64 + 0.5) / all as f64 * 2.0 - 1.0;
    [across(index % width, width), across(index / width, height)]
}

fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// How the backdrop's colour changes across the picture: for each channel along x and y, by least squares over those
/// pixels of the border that are near the median.
fn slopes(border: &[usize], colours: &[[f64; 3]], width: usize, height: usize, middle: [f64; 3]) -> [[f64; 2]; 3] {
    let near = |&&index: &&usize| (0..3).all(|channel| (colours[index][channel] - middle[channel]).abs() < 15.0);
    let near: Vec<usize> = border.iter().filter(near).copied().collect();
    std::array::from_fn(|channel| {
        std::array::from_fn(|axis| {
            let (mut product, mut square) = (0.0, 1e-9);
            for &index in &near {
                let at = place(index, width, height)[axis];
                product += at * (colours[index][channel] - middle[channel]);
                square += at * at;
            }
            product / square
        })
    })
}

fn median(colours: impl Iterator<Item = [f64; 3]>) -> [f64; 3] {
    let colours: Vec<_> = colours.collect();
    std::array::from_fn(|channel| {
        let mut values: Vec<f64> = colours.iter().map(|colour| colour[channel]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_on_a_wall_are_counted_and_found() {
        let square = |x: usize, y: usize| (20..40).contains(&y) && [8..24, 40..56].iter().any(|side| side.contains(&x));
        let rgb = (0..64 * 64).flat_map(|i| if square(i % 64, i / 64) { [200, 30, 30] } else { [240, 240, 235] });
        let seen = Seen::new(&Pixels { width: 64, height: 64, rgb: rgb.collect() });
        assert_eq!(seen.things(), 2);
        assert!(seen.within([0.0, 0.0, 0.5, 1.0]).is_some() && seen.within([0.0, 0.0, 0.1, 1.0]).is_none());
        assert!(seen.detail() > 0.0 && (seen.backdrop[0] - 94.5).abs() < 1.0);
    }
}
