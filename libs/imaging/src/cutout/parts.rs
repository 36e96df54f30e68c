//! Connected parts of a mask, on and off.

use super::mask::Mask;

/// What is connected.
pub(super) struct Part {
    pub(super) on: bool,
    /// Pixels.
    pub(super) area: u32,
    /// Whether it reaches an edge of the picture.
    pub(super) at_edge: bool,
}

/// Sizes of the 4-connected parts of equal value, and for each pixel the part it belongs to. Found by joining the runs
/// of each row to those they touch in the row above.
pub(super) fn parts(mask: &Mask) -> (Vec<u32>, Vec<Part>) {
    let mut runs: Vec<Run> = Vec::new();
    let mut above = 0..0;
    for (y, row) in mask.on.chunks_exact(mask.width).enumerate() {
        let (first, mut start) = (runs.len(), y * mask.width);
        for part in row.chunk_by(|a, b| a == b) {
            let end = start + part.len();
            runs.push(Run { start, end, on: part[0], root: runs.len() as u32 });
            start = end;
        }
        let (mut up, mut down) = (above.start, first);
        while up < above.end && down < runs.len() {
            if runs[up].on == runs[down].on {
                join(&mut runs, up as u32, down as u32);
            }
            // Both rows are full of runs; the one that ends first has no more neighbours.
            let (ends, end) = (runs[up].end + mask.width, runs[down].end);
            up += usize::from(ends <= end);
            down += usize::from(end <= ends);
        }
        above = first..runs.len();
    }
    numbered(mask, &mut runs)
}

/// Numbers the parts that joined runs make up, in the order of their first pixels.
fn numbered(mask: &Mask, runs: &mut [Run]) -> (Vec<u32>, Vec<Part>) {
    let (w, h) = (mask.width, mask.height);
    let mut of = vec![0; mask.on.len()];
    let mut parts: Vec<Part> = Vec::new();
    let mut ids = vec![0u32; runs.len()];
    for i in 0..runs.len() {
        let root = find(runs, i as u32);
        let Run { start, end, on, .. } = runs[i];
        // A root is the first of its runs.
        if root == i as u32 {
            ids[i] = parts.len() as u32;
            parts.push(Part { on, area: 0, at_edge: false });
        }
        let id = ids[root as usize];
        let part = &mut parts[id as usize];
        part.area += (end - start) as u32;
        part.at_edge |= start < w || end > w * (h - 1) || start % w == 0 || end % w == 0;
        of[start..end].fill(id);
    }
    (of, parts)
}

/// Pixels of one value, side by side.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
    on: bool,
    /// An earlier run of the same part, or itself.
    root: u32,
}

/// The first run of a part; ways are halved as they are gone.
fn find(runs: &mut [Run], mut run: u32) -> u32 {
    while runs[run as usize].root != run {
        let up = runs[run as usize].root;
        runs[run as usize].root = runs[up as usize].root;
        run = up;
    }
    run
}

fn join(runs: &mut [Run], a: u32, b: u32) {
    let (a, b) = (find(runs, a), find(runs, b));
    runs[a.max(b) as usize].root = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_is_connected() {
        let rows = ["#.###.#", "#.#.#.#", "#######", "......#", "##.####"];
        let mask = Mask::new(7, 5, rows.iter().flat_map(|r| r.chars()).map(|c| c == '#').collect());
        assert_eq!(mask.areas(), [21, 2]);
        let (of, parts) = parts(&mask);
        assert_eq!(of[0], of[4 * 7 + 3], "round three corners");
        assert_eq!(parts.len(), 6);
        let hole = &parts[of[7 + 3] as usize];
        assert!(!hole.on && !hole.at_edge && hole.area == 1);
    }
}
