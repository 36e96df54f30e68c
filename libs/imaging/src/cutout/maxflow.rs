//! Least cut of an 8-connected grid, after Boykov and Kolmogorov, "An Experimental Comparison of Min-Cut/Max-Flow
//! Algorithms for Energy Minimization in Vision" (2004): two search trees that are repaired instead of grown anew.

use std::collections::VecDeque;

const TERMINAL: u8 = 8;
const ORPHAN: u8 = 9;
const NONE: u8 = 10;

/// Steps that a cost of 1 is divided into. Whole numbers leave no crumbs of flow to be carried one by one.
const STEPS: f32 = 128.0;
/// What no cost exceeds.
const MOST: i32 = 1 << 28;

/// A cost in steps.
fn steps(cost: f32) -> i32 {
    // Rust's casts saturate.
    ((cost * STEPS).round() as i32).clamp(-MOST, MOST)
}

/// One pixel; all that a step of the search asks of it lies together.
#[derive(Clone)]
struct Node {
    /// What can still flow to each neighbour, steps.
    capacity: [i32; 8],
    /// What is left of the capacity from the source (> 0) or to the sink (< 0), steps.
    terminal: i32,
    stamp: u32,
    depth: u32,
    parent: u8,
    in_sink_tree: bool,
    queued: bool,
}

const IDLE: Node =
    Node { capacity: [0; 8], terminal: 0, stamp: 0, depth: 0, parent: NONE, in_sink_tree: false, queued: false };

/// A grid of pixels with capacities to the source, to the sink and to the eight neighbours.
/// Direction `d` and `7 − d` are opposite: 0..7 are NW, N, NE, W, E, SW, S, SE.
pub(super) struct Grid {
    width: usize,
    offsets: [isize; 8],
    nodes: Vec<Node>,
    active: VecDeque<usize>,
    orphans: VecDeque<usize>,
    time: u32,
}

impl Grid {
    /// A grid without any capacity. A rim of idle nodes all round spares every bounds check.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let (w, n) = (width + 2, (width + 2) * (height + 2));
        let s = w as isize;
        Self {
            width: w,
            offsets: [-s - 1, -s, -s + 1, -1, 1, s - 1, s, s + 1],
            nodes: vec![IDLE; n],
            active: VecDeque::new(),
            orphans: VecDeque::new(),
            time: 0,
        }
    }

    fn node(&self, x: usize, y: usize) -> usize {
        (y + 1) * self.width + x + 1
    }

    fn next(&self, node: usize, direction: usize) -> usize {
        node.wrapping_add_signed(self.offsets[direction])
    }

    /// Sets the cost of calling a pixel background (`source`) and foreground (`sink`).
    pub(super) fn set_terminal(&mut self, x: usize, y: usize, source: f32, sink: f32) {
        let node = self.node(x, y);
        self.nodes[node].terminal = steps(source - sink);
    }

    /// Sets the cost of parting a pixel from its neighbour in this direction, both ways.
    pub(super) fn set_neighbour(&mut self, x: usize, y: usize, direction: usize, cost: f32) {
        let node = self.node(x, y);
        let other = self.next(node, direction);
        self.nodes[node].capacity[direction] = steps(cost);
        self.nodes[other].capacity[7 - direction] = steps(cost);
    }

    /// Whether a pixel lies on the source's side of the cut; after [`Grid::solve`].
    pub(super) fn is_source(&self, x: usize, y: usize) -> bool {
        let node = self.node(x, y);
        self.nodes[node].parent != NONE && !self.nodes[node].in_sink_tree
    }

    /// Finds the least cut.
    pub(super) fn solve(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].terminal != 0 {
                self.nodes[node].in_sink_tree = self.nodes[node].terminal < 0;
                self.nodes[node].parent = TERMINAL;
                self.nodes[node].depth = 1;
                self.activate(node);
            }
        }
        while let Some(node) = self.active.pop_front() {
            self.nodes[node].queued = false;
            while self.nodes[node].parent != NONE {
                let Some((from, direction)) = self.grow(node) else { break };
                self.time += 1;
                self.augment(from, direction);
                while let Some(orphan) = self.orphans.pop_front() {
                    self.adopt(orphan);
                }
            }
        }
    }

    fn activate(&mut self, node: usize) {
        if !self.nodes[node].queued {
            self.nodes[node].queued = true;
            self.active.push_back(node);
        }
    }

    /// What can still flow between a node and its neighbour, in the direction of the node's tree: away from the source,
    /// or towards the sink.
    fn outward(&self, node: usize, direction: usize) -> i32 {
        if self.nodes[node].in_sink_tree {
            self.nodes[self.next(node, direction)].capacity[7 - direction]
        } else {
            self.nodes[node].capacity[direction]
        }
    }

    /// Grows the tree of an active node; returns an arc from the source's tree to the sink's when they meet.
    fn grow(&mut self, node: usize) -> Option<(usize, usize)> {
        let sink = self.nodes[node].in_sink_tree;
        for direction in 0..8 {
            if self.outward(node, direction) <= 0 {
                continue;
            }
            let other = self.next(node, direction);
            if self.nodes[other].parent == NONE {
                self.nodes[other].in_sink_tree = sink;
                self.nodes[other].parent = 7 - direction as u8;
                self.nodes[other].stamp = self.nodes[node].stamp;
                self.nodes[other].depth = self.nodes[node].depth + 1;
                self.activate(other);
            } else if self.nodes[other].in_sink_tree != sink {
                return Some(if sink { (other, 7 - direction) } else { (node, direction) });
            } else if self.nodes[other].stamp <= self.nodes[node].stamp
                && self.nodes[other].depth > self.nodes[node].depth
            {
                // A shorter way to the terminal.
                self.nodes[other].parent = 7 - direction as u8;
                self.nodes[other].stamp = self.nodes[node].stamp;
                self.nodes[other].depth = self.nodes[node].depth + 1;
            }
        }
        None
    }

    /// The capacity of the tree arc between a node and its parent, to read and change.
    fn tree_arc(&mut self, node: usize) -> &mut i32 {
        let direction = self.nodes[node].parent as usize;
        if self.nodes[node].in_sink_tree {
            &mut self.nodes[node].capacity[direction]
        } else {
            let parent = self.next(node, direction);
            &mut self.nodes[parent].capacity[7 - direction]
        }
    }

    /// The reverse of [`Grid::tree_arc`].
    fn tree_arc_back(&mut self, node: usize) -> &mut i32 {
        let direction = self.nodes[node].parent as usize;
        if self.nodes[node].in_sink_tree {
            let parent = self.next(node, direction);
            &mut self.nodes[parent].capacity[7 - direction]
        } else {
            &mut self.nodes[node].capacity[direction]
        }
    }

    /// Pushes as much as fits along source → … → `from` → neighbour → … → sink.
    fn augment(&mut self, from: usize, direction: usize) {
        let to = self.next(from, direction);
        let mut flow = self.nodes[from].capacity[direction];
        for end in [from, to] {
            let mut node = end;
            while self.nodes[node].parent != TERMINAL {
                flow = flow.min(*self.tree_arc(node));
                node = self.next(node, self.nodes[node].parent as usize);
            }
            flow = flow.min(self.nodes[node].terminal.abs());
        }
        self.nodes[from].capacity[direction] -= flow;
        self.nodes[to].capacity[7 - direction] += flow;
        for end in [from, to] {
            let mut node = end;
            while self.nodes[node].parent != TERMINAL {
                *self.tree_arc_back(node) += flow;
                let left = self.tree_arc(node);
                *left -= flow;
                let saturated = *left <= 0;
                let up = self.next(node, self.nodes[node].parent as usize);
                if saturated {
                    self.nodes[node].parent = ORPHAN;
                    self.orphans.push_front(node);
                }
                node = up;
            }
            self.nodes[node].terminal -= flow * self.nodes[node].terminal.signum();
            if self.nodes[node].terminal == 0 {
                self.nodes[node].parent = ORPHAN;
                self.orphans.push_front(node);
            }
        }
    }

    /// How far a node is from its terminal, None when it hangs on an orphan. Marks the way for later questions.
    fn origin(&mut self, start: usize) -> Option<u32> {
        let mut steps = 0;
        let mut node = start;
        let total = loop {
            if self.nodes[node].stamp == self.time {
                break steps + self.nodes[node].depth;
            }
            steps += 1;
            match self.nodes[node].parent {
                TERMINAL => {
                    self.nodes[node].stamp = self.time;
                    self.nodes[node].depth = 1;
                    break steps;
                }
                ORPHAN | NONE => return None,
                direction => node = self.next(node, direction as usize),
            }
        };
        let (mut node, mut left) = (start, total);
        while self.nodes[node].stamp != self.time {
            self.nodes[node].stamp = self.time;
            self.nodes[node].depth = left;
            left -= 1;
            node = self.next(node, self.nodes[node].parent as usize);
        }
        Some(total)
    }

    /// Finds a new parent for an orphan in its own tree, or frees it and orphans its children.
    fn adopt(&mut self, orphan: usize) {
        let sink = self.nodes[orphan].in_sink_tree;
        let mut best: Option<(u32, usize)> = None;
        for direction in 0..8 {
            let other = self.next(orphan, direction);
            if self.nodes[other].parent == NONE
                || self.nodes[other].in_sink_tree != sink
                || self.outward(other, 7 - direction) <= 0
            {
                continue;
            }
            if let Some(depth) = self.origin(other)
                && best.is_none_or(|(least, _)| depth < least)
            {
                best = Some((depth, direction));
            }
        }
        if let Some((depth, direction)) = best {
            self.nodes[orphan].parent = direction as u8;
            self.nodes[orphan].stamp = self.time;
            self.nodes[orphan].depth = depth + 1;
            return;
        }
        for direction in 0..8 {
            let other = self.next(orphan, direction);
            if self.nodes[other].parent == NONE || self.nodes[other].in_sink_tree != sink {
                continue;
            }
            if self.outward(other, 7 - direction) > 0 {
                self.activate(other);
            }
            if self.nodes[other].parent == 7 - direction as u8 {
                self.nodes[other].parent = ORPHAN;
                self.orphans.push_back(other);
            }
        }
        self.nodes[orphan].parent = NONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The energy of a labelling, from the same numbers that the grid was given.
    fn energy(labels: u32, terminals: &[(f32, f32)], arcs: &[(usize, usize, f32)]) -> f32 {
        let on = |i: usize| labels >> i & 1 == 1;
        let t: f32 = terminals.iter().enumerate().map(|(i, t)| if on(i) { t.1 } else { t.0 }).sum();
        t + arcs.iter().filter(|a| on(a.0) != on(a.1)).map(|a| a.2).sum::<f32>()
    }

    #[test]
    fn finds_the_least_of_all_labellings() {
        let (w, h) = (4usize, 3usize);
        let mut state = 7u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 20) % 64) as f32
        };
        for _ in 0..60 {
            let mut grid = Grid::new(w, h);
            let terminals: Vec<_> = (0..w * h).map(|_| (random(), random())).collect();
            let mut arcs = Vec::new();
            for y in 0..h {
                for x in 0..w {
                    let (source, sink) = terminals[y * w + x];
                    grid.set_terminal(x, y, source, sink);
                    for (d, dx, dy) in [(4, 1i32, 0usize), (5, -1, 1), (6, 0, 1), (7, 1, 1)] {
                        let (nx, ny) = (x as i32 + dx, y + dy);
                        if (0..w as i32).contains(&nx) && ny < h {
                            let cost = random();
                            grid.set_neighbour(x, y, d, cost);
                            arcs.push((y * w + x, ny * w + nx as usize, cost));
                        }
                    }
                }
            }
            grid.solve();
            let mine = (0..w * h).fold(0, |bits, i| bits | u32::from(grid.is_source(i % w, i / w)) << i);
            let least = (0..1u32 << (w * h)).map(|l| energy(l, &terminals, &arcs)).fold(f32::MAX, f32::min);
            assert!((energy(mine, &terminals, &arcs) - least).abs() < 1e-3);
        }
    }
}
