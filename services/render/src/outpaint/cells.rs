//! The windows in which a picture is drawn on, step by step: each as large as the picture, over what is there already and
//! half a picture beyond it, so that the model always sees what it continues.

use std::collections::BTreeSet;

/// A quarter of the picture, column and row: its own are those from 0 to 1.
pub(super) type Cell = [i32; 2];

/// One step: a picture's size, of which the model draws what is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// Its first cell; it has two along each axis.
    pub(super) corner: Cell,
    /// Those of its cells that are there already.
    pub(super) known: Vec<Cell>,
}

impl Window {
    pub(super) fn cells(&self) -> [Cell; 4] {
        let [x, y] = self.corner;
        [[x, y], [x + 1, y], [x, y + 1], [x + 1, y + 1]]
    }
}

/// The windows after which all that is `shown` of a picture of this size is there, or `most` of them: what is nearest to it
/// first. `shown` is `[left, top, right, bottom]` in its pixels.
pub(super) fn windows(size: [u32; 2], shown: &[[f32; 4]], most: usize) -> Vec<Window> {
    let needed: BTreeSet<Cell> = shown.iter().flat_map(|bounds| touched(size, *bounds)).collect();
    let mut known: BTreeSet<Cell> = [[0, 0], [1, 0], [0, 1], [1, 1]].into();
    let mut windows = vec![];
    while windows.len() < most {
        let missing = needed.iter().filter(|cell| !known.contains(*cell));
        let Some(next) = missing.min_by_key(|cell| (away(**cell), **cell)) else { break };
        let window = onto(*next, &known, &needed);
        known.extend(window.cells());
        windows.push(window);
    }
    windows
}

/// The window over a missing cell that sees most of what is there, and of those the one that brings most of what is needed.
fn onto([x, y]: Cell, known: &BTreeSet<Cell>, needed: &BTreeSet<Cell>) -> Window {
    let window = |corner| {
        let window = Window { corner, known: vec![] };
        let known = window.cells().into_iter().filter(|cell| known.contains(cell)).collect();
        Window { known, ..window }
    };
    let brings = |window: &Window| window.cells().iter().filter(|cell| needed.contains(*cell)).count();
    let corners = [[x - 1, y - 1], [x, y - 1], [x - 1, y], [x, y]];
    let best = corners.map(window).into_iter().max_by_key(|window| (window.known.len(), brings(window)));
    best.unwrap_or_else(|| window([x, y]))
}

/// The cells of which more than a pixel is shown.
fn touched(size: [u32; 2], [left, top, right, bottom]: [f32; 4]) -> impl Iterator<Item = Cell> {
    let along = move |from: f32, to: f32, axis: usize| {
        let half = size[axis] as f32 / 2.0;
        ((from + 1.0) / half).floor() as i32..((to - 1.0) / half).ceil() as i32
    };
    let columns = along(left, right, 0);
    along(top, bottom, 1).flat_map(move |y| columns.clone().map(move |x| [x, y]))
}

/// How many cells from the picture.
fn away(cell: Cell) -> i32 {
    cell.map(|at| (-at).max(at - 1).max(0)).into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corners(shown: &[[f32; 4]], most: usize) -> Vec<Cell> {
        windows([100, 80], shown, most).into_iter().map(|window| window.corner).collect()
    }

    #[test]
    fn a_picture_grows_from_its_edges_and_every_window_sees_what_is_there() {
        assert_eq!(corners(&[[0.0, 0.0, 100.0, 80.0]], 9), Vec::<Cell>::new());
        assert_eq!(corners(&[[-0.9, 10.0, 100.9, 60.0]], 9), Vec::<Cell>::new(), "less than a pixel is none");
        assert_eq!(corners(&[[-40.0, 0.0, 140.0, 80.0]], 9), [[-1, 0], [1, 0]]);
        assert_eq!(corners(&[[0.0, -30.0, 100.0, 80.0]], 9), [[0, -1]]);
        let far = windows([100, 80], &[[-240.0, 0.0, 340.0, 80.0], [0.0, -70.0, 130.0, 150.0]], 99);
        let mut there: BTreeSet<Cell> = [[0, 0], [1, 0], [0, 1], [1, 1]].into();
        for window in &far {
            assert!(!window.known.is_empty() && window.known.iter().all(|cell| there.contains(cell)), "{window:?}");
            there.extend(window.cells());
        }
        assert!(there.contains(&[-5, 0]) && there.contains(&[6, 1]) && there.contains(&[2, 3]), "{there:?}");
        assert!(!there.contains(&[-4, -2]), "a corner that no shape shows is not drawn");
    }

    #[test]
    fn what_is_nearest_comes_first_where_there_are_too_many() {
        let wide = [[-900.0, 0.0, 1_000.0, 80.0]];
        assert_eq!(corners(&wide, 4), [[-1, 0], [1, 0], [-2, 0], [2, 0]]);
        assert_eq!(corners(&wide, 0), Vec::<Cell>::new());
    }
}
