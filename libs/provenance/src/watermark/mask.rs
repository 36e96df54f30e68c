//! How strongly a mark may be set at every place: as strongly as the picture hides it, and not at all beside pure white
//! or black.

use super::residual::luma;
use cavendish_imaging::image::RgbImage;

/// Pixels along a side of a cell: the blocks of JPEG, so that a block that holds white holds no mark.
const CELL: usize = 8;

/// Levels where a picture is flat: below what is seen, above what rounding to whole levels takes away.
const FLAT: f32 = 1.0;

/// Levels per level of activity.
const SHARE: f32 = 0.2;

/// The most levels, root mean square.
const MOST: f32 = 4.0;

/// The least signal-to-noise ratio of a marked picture is 42 dB; this is 43, to leave rounding its part.
const MOST_POWER: f32 = 255.0 * 255.0 / 19_953.0;

/// Amplitudes at the centres of cells, in levels (root mean square).
pub(super) struct Mask {
    columns: usize,
    rows: usize,
    levels: Vec<f32>,
}

impl Mask {
    pub(super) fn of(image: &RgbImage) -> Self {
        let columns = (image.width() as usize).div_ceil(CELL);
        let rows = (image.height() as usize).div_ceil(CELL);
        let cells: Vec<f32> = (0..rows * columns).map(|at| amplitude(image, at % columns, at / columns)).collect();
        // The calmest neighbour counts: beside an edge a mark would show on the flat side of it.
        let calmest = |at: usize| {
            let (x, y) = (at % columns, at / columns);
            let around = (y.saturating_sub(1)..(y + 2).min(rows))
                .flat_map(|y| (x.saturating_sub(1)..(x + 2).min(columns)).map(move |x| (x, y)));
            around.map(|(x, y)| cells[y * columns + x]).fold(f32::INFINITY, f32::min)
        };
        let mut levels: Vec<f32> = (0..cells.len()).map(calmest).collect();
        let power = levels.iter().map(|level| level * level).sum::<f32>() / levels.len().max(1) as f32;
        let scale = (MOST_POWER / power.max(f32::MIN_POSITIVE)).sqrt().min(1.0);
        levels.iter_mut().for_each(|level| *level *= scale);
        Self { columns, rows, levels }
    }

    /// Whether no place takes a mark.
    pub(super) fn is_empty(&self) -> bool {
        self.levels.iter().all(|level| *level == 0.0)
    }

    /// The amplitudes of a row of pixels. A cell without a mark has neighbours without one: nothing leaks into it.
    pub(super) fn row(&self, y: usize, width: usize) -> impl Iterator<Item = f32> + '_ {
        let (above, below, v) = neighbours(y, self.rows);
        let (above, below) = (&self.levels[above * self.columns..], &self.levels[below * self.columns..]);
        (0..width).map(move |x| {
            let (left, right, u) = neighbours(x, self.columns);
            let mix = |row: &[f32]| row[left] + (row[right] - row[left]) * u;
            mix(above) + (mix(below) - mix(above)) * v
        })
    }
}

/// The cells whose centres lie on both sides of a pixel, and its share of the way between them.
fn neighbours(at: usize, cells: usize) -> (usize, usize, f32) {
    let place = ((at as f32 + 0.5) / CELL as f32 - 0.5).max(0.0);
    let first = (place as usize).min(cells - 1);
    (first, (first + 1).min(cells - 1), place - first as f32)
}

fn amplitude(image: &RgbImage, column: usize, row: usize) -> f32 {
    let (left, top) = (column * CELL, row * CELL);
    let (right, bottom) = ((left + CELL).min(image.width() as usize), (top + CELL).min(image.height() as usize));
    let (mut sum, mut squares) = (0.0, 0.0);
    for y in top..bottom {
        for x in left..right {
            let pixel = image.get_pixel(x as u32, y as u32).0;
            if pixel == [255; 3] || pixel == [0; 3] {
                return 0.0;
            }
            let luma = luma(pixel);
            sum += luma;
            squares += luma * luma;
        }
    }
    let count = ((right - left) * (bottom - top)) as f32;
    let activity = (squares / count - (sum / count).powi(2)).max(0.0).sqrt();
    (FLAT + SHARE * activity).min(MOST)
}
