//! Whether what was drawn in a window goes with what it continues: across the seam colours may change as they do within the
//! picture, and a little more.

use super::cells::Window;
use cavendish_imaging::image::RgbImage;

/// Blocks along a cell's side: one is as wide as the strip in which old and new are mixed.
pub(super) const BLOCKS: usize = 16;
/// How many blocks apart those lie that are compared: across the seam the second on either side, the first being mixed.
const APART: usize = 3;
/// How much more the colours may change across the seam than within the picture.
const MORE: f32 = 2.0;
/// And this much in any case, of 255.
const SLACK: f32 = 16.0;

/// How much colours change, of 255, between blocks that lie equally far apart: medians over the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    /// Across the seam.
    pub(super) across: f32,
    /// Within what was there.
    pub(super) within: f32,
}

impl Change {
    /// Of a window's picture; None where nothing can be compared.
    pub(super) fn of(window: &Window, picture: &RgbImage) -> Option<Self> {
        let means = means(picture)?;
        let known = |x: usize, y: usize| {
            let cell = [0, 1].map(|axis| window.corner[axis] + ([x, y][axis] / BLOCKS) as i32);
            window.known.contains(&cell)
        };
        let (mut across, mut within) = (vec![], vec![]);
        // Along one line of blocks, one after the other; `at` gives the place of the nth.
        let mut walk = |at: &dyn Fn(usize) -> [usize; 2]| {
            for n in 0..2 * BLOCKS - APART {
                let ([x, y], [u, v]) = (at(n), at(n + APART));
                let change = distance(means[y * 2 * BLOCKS + x], means[v * 2 * BLOCKS + u]);
                let seam = (n + 2).is_multiple_of(BLOCKS);
                match (known(x, y), known(u, v)) {
                    (true, true) => within.push(change),
                    (true, false) | (false, true) if seam => across.push(change),
                    _ => {}
                }
            }
        };
        for line in 0..2 * BLOCKS {
            walk(&|n| [n, line]);
            walk(&|n| [line, n]);
        }
        Some(Self { across: median(across)?, within: median(within)? })
    }

    /// Whether new and old go together.
    pub(super) fn is_seamless(self) -> bool {
        self.across <= self.within * MORE + SLACK
    }
}

/// The mean colour of every block, row by row.
fn means(picture: &RgbImage) -> Option<Vec<[f32; 3]>> {
    let side = 2 * BLOCKS as u32;
    let (width, height) = picture.dimensions();
    if width < side || height < side {
        return None;
    }
    let mut sums = vec![([0.0f32; 3], 0u32); (side * side) as usize];
    for (x, y, pixel) in picture.enumerate_pixels() {
        let (sum, count) = &mut sums[(y * side / height * side + x * side / width) as usize];
        (0..3).for_each(|k| sum[k] += f32::from(pixel.0[k]));
        *count += 1;
    }
    Some(sums.into_iter().map(|(sum, count)| sum.map(|value| value / count.max(1) as f32)).collect())
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f32>().sqrt()
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::image::Rgb;

    #[test]
    fn what_jumps_at_the_seam_does_not_go_with_the_picture() {
        let window = Window { corner: [1, 0], known: vec![[1, 0], [1, 1]] };
        let change = |paint: &dyn Fn(u32, u32) -> [u8; 3]| {
            let picture = RgbImage::from_fn(128, 96, |x, y| Rgb(paint(x, y)));
            Change::of(&window, &picture).unwrap()
        };
        let shade = |x: u32| [(90 + x / 2) as u8, 120, 60];
        assert!(change(&|x, _| shade(x)).is_seamless());
        assert!(!change(&|x, _| if x < 64 { shade(x) } else { [240, 210, 170] }).is_seamless());
        // Stripes may go on as stripes, and not end.
        let stripe = |y: u32| if (y / 6).is_multiple_of(2) { [200, 60, 60] } else { [60, 60, 60] };
        assert!(change(&|_, y| stripe(y)).is_seamless());
        let flat = change(&|x, y| if x < 64 { stripe(y) } else { [20, 220, 250] });
        assert!(!flat.is_seamless(), "{flat:?}");
        assert_eq!(Change::of(&window, &RgbImage::new(16, 16)), None);
    }
}
