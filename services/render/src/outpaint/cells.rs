//! The windows in which a picture is drawn on, step by step: each as large as the picture, over what is there already and
//! half a picture beyond it, so that the model always sees what it continues.

use std::collections::BTreeSet;

/// Windows that are drawn for one picture, at most: each costs as much as the picture.
const MOST_WINDOWS: usize = 8;
/// Pixels of a picture that is drawn on, at most: as many as postprocess reads.
const MOST_PIXELS: u64 = 20_000_000;

/// A quarter of the picture, column and row: its own are those from 0 to 1.
pub(super) type Cell = [i32; 2];

/// Where a column or row of cells begins, in pixels from the picture's corner along a side of that length.
pub(super) fn edge(side: u32, at: i32) -> i32 {
    let half = (side / 2) as i32;
    // Of an odd side the second cell has one pixel more.
    if at < 2 { at * half } else { side as i32 + (at - 2) * half }
}

/// One step: about a picture's size, of which the model draws what is not there.
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

/// The windows after which all is there that so many shapes show of a picture of this size, `[left, top, right, bottom]` in
/// its pixels. Shapes that go beyond the budget are left out, the dearest first: half of what one shows is no use to it.
pub(super) fn windows(size: [u32; 2], shown: &[[f32; 4]]) -> Vec<Window> {
    let start = picture();
    let mut wanted: Vec<_> = shown.iter().map(|bounds| touched(size, *bounds)).collect();
    wanted.sort_by_key(|needed| grown(&start, needed).len());
    let mut all: Vec<Window> = vec![];
    for needed in wanted {
        let known = there(&all);
        let more = grown(&known, &needed);
        let after: Vec<Window> = all.iter().cloned().chain(more).collect();
        if after.len() <= MOST_WINDOWS && pixels(size, &there(&after)) <= MOST_PIXELS {
            all = after;
        }
    }
    all
}

/// The cells that are there after these windows.
fn there(windows: &[Window]) -> BTreeSet<Cell> {
    windows.iter().flat_map(Window::cells).chain(picture()).collect()
}

fn picture() -> BTreeSet<Cell> {
    [[0, 0], [1, 0], [0, 1], [1, 1]].into()
}

/// The rectangles of cells, first and one beyond the last, that are there throughout after these windows: as wide as
/// possible, and as high; one where that is the same.
pub(super) fn filled(windows: &[Window]) -> Vec<[Cell; 2]> {
    let there = there(windows);
    let mut both: Vec<[Cell; 2]> = [[0, 1], [1, 0]].into_iter().map(|axes| filled_along(&there, axes)).collect();
    both.dedup();
    both
}

fn filled_along(there: &BTreeSet<Cell>, axes: [usize; 2]) -> [Cell; 2] {
    let (mut first, mut end) = ([0, 0], [2, 2]);
    for axis in axes {
        let other = 1 - axis;
        let full = |line: i32, first: Cell, end: Cell| {
            (first[other]..end[other]).all(|at| there.contains(&if axis == 0 { [line, at] } else { [at, line] }))
        };
        while full(first[axis] - 1, first, end) {
            first[axis] -= 1;
        }
        while full(end[axis], first, end) {
            end[axis] += 1;
        }
    }
    [first, end]
}

/// The windows by which what is known grows to all that is needed: what is nearest to the picture first.
fn grown(known: &BTreeSet<Cell>, needed: &BTreeSet<Cell>) -> Vec<Window> {
    let (mut known, mut windows) = (known.clone(), vec![]);
    loop {
        let missing = needed.iter().filter(|cell| !known.contains(*cell));
        let Some(next) = missing.min_by_key(|cell| (away(**cell), **cell)) else { return windows };
        let window = onto(*next, &known, needed);
        known.extend(window.cells());
        windows.push(window);
    }
}

/// The window over a missing cell that sees most of what is there, and of those the one that brings most of what is needed.
fn onto([x, y]: Cell, known: &BTreeSet<Cell>, needed: &BTreeSet<Cell>) -> Window {
    let window = |corner| {
        let window = Window { corner, known: vec![] };
        let known = window.cells().into_iter().filter(|cell| known.contains(cell)).collect();
        Window { known, ..window }
    };
    let brings =
        |window: &Window| window.cells().iter().filter(|cell| needed.contains(*cell) && !known.contains(*cell)).count();
    let corners = [[x - 1, y - 1], [x, y - 1], [x - 1, y], [x, y]];
    let best = corners.map(window).into_iter().max_by_key(|window| (window.known.len(), brings(window)));
    best.unwrap_or_else(|| window([x, y]))
}

/// The cells of which something is shown; of what lies farther out than all windows reach, the first that they do not.
fn touched(size: [u32; 2], [left, top, right, bottom]: [f32; 4]) -> BTreeSet<Cell> {
    let reach = MOST_WINDOWS as i32 + 1;
    let along = |from: f32, to: f32, axis: usize| {
        (-reach..reach + 2).filter(move |at| {
            let [start, end] = [edge(size[axis], *at), edge(size[axis], at + 1)].map(|edge| edge as f32);
            end > from + 1e-2 && start < to - 1e-2
        })
    };
    along(top, bottom, 1).flat_map(|y| along(left, right, 0).map(move |x| [x, y])).collect()
}

/// Pixels of the smallest picture that holds these cells.
fn pixels(size: [u32; 2], there: &BTreeSet<Cell>) -> u64 {
    let along = |axis: usize| {
        let all = || there.iter().map(move |cell| cell[axis]);
        let (low, high) = (all().min().unwrap_or(0), all().max().unwrap_or(1));
        u64::from(edge(size[axis], high + 1).abs_diff(edge(size[axis], low)))
    };
    along(0) * along(1)
}

/// How many cells from the picture, down and across: its sides before its corners, which see more of it then.
fn away(cell: Cell) -> i32 {
    cell.map(|at| (-at).max(at - 1).max(0)).into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corners(shown: &[[f32; 4]]) -> Vec<Cell> {
        windows([100, 80], shown).into_iter().map(|window| window.corner).collect()
    }

    #[test]
    fn a_picture_grows_from_its_edges_and_every_window_sees_what_is_there() {
        assert_eq!(corners(&[[0.0, 0.0, 100.0, 80.0], [40.0, 10.0, 60.0, 60.0]]), Vec::<Cell>::new());
        assert_eq!(corners(&[[-40.0, 0.0, 140.0, 80.0]]), [[-1, 0], [1, 0]]);
        assert_eq!(corners(&[[0.0, -30.0, 100.0, 80.0]]), [[0, -1]]);
        let ring = windows([100, 80], &[[-30.0, -30.0, 130.0, 110.0]]);
        let mut there = picture();
        for window in &ring {
            assert!(window.known.len() >= 2 && window.known.iter().all(|cell| there.contains(cell)), "{ring:?}");
            there.extend(window.cells());
        }
        assert_eq!((ring.len(), there.len(), filled(&ring)), (8, 16, vec![[[-1, -1], [3, 3]]]));
    }

    #[test]
    fn a_wide_and_a_tall_shape_leave_the_corners_blank_and_that_is_known() {
        let cross = windows([100, 80], &[[-40.0, 0.0, 140.0, 80.0], [0.0, -30.0, 100.0, 110.0]]);
        assert_eq!((cross.len(), filled(&cross)), (4, vec![[[-1, 0], [3, 2]], [[0, -1], [2, 3]]]));
        // Ended early, only what was done counts.
        assert_eq!(filled(&cross[..1]).len(), 1);
        assert_eq!(filled(&[]), [[[0, 0], [2, 2]]]);
    }

    #[test]
    fn shapes_beyond_the_budget_are_left_out_the_dearest_first() {
        let (banner, wide) = ([-300.0, 0.0, 400.0, 80.0], [-40.0, 0.0, 140.0, 80.0]);
        assert_eq!(corners(&[banner]), Vec::<Cell>::new());
        assert_eq!(corners(&[banner, wide]), corners(&[wide]));
        assert_eq!(corners(&[[-1e9, -1e9, 1e9, 1e9]]), Vec::<Cell>::new(), "and nothing is reckoned for ever");
        assert_eq!(windows([4096, 4096], &[[-2000.0, 0.0, 6000.0, 4096.0]]), [], "nor more pixels than are read");
    }

    #[test]
    fn an_odd_side_has_its_pixel_in_the_second_cell() {
        assert_eq!([-1, 0, 1, 2, 3].map(|at| edge(101, at)), [-50, 0, 50, 101, 151]);
    }
}
