//! Least cut of an 8-connected grid, after Boykov and Kolmogorov, "An Experimental Comparison of Min-Cut/Max-Flow
//! Algorithms for Energy Minimization in Vision" (2004): two search trees that are repaired instead of grown anew.

use std::collections::VecDeque;

const TERMINAL: u8 = 8;
const ORPHAN: u8 = 9;
const NONE: u8 = 10;

/// A grid of pixels with capacities to the source, to the sink and to the eight neighbours.
/// Direction `d` and `7 − d` are opposite: 0..7 are NW, N, NE, W, E, SW, S, SE.
pub(super) struct Grid {
    width: usize,
    offsets: [isize; 8],
    capacity: Vec<[f32; 8]>,
    /// What is left of the capacity from the source (> 0) or to the sink (< 0).
    terminal: Vec<f32>,
    in_sink_tree: Vec<bool>,
    parent: Vec<u8>,
    stamp: Vec<u32>,
    depth: Vec<u32>,
    queued: Vec<bool>,
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
            capacity: vec![[0.0; 8]; n],
            terminal: vec![0.0; n],
            in_sink_tree: vec![false; n],
            parent: vec![NONE; n],
            stamp: vec![0; n],
            depth: vec![0; n],
            queued: vec![false; n],
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
        self.terminal[node] = source - sink;
    }

    /// Sets the cost of parting a pixel from its neighbour in this direction, both ways.
    pub(super) fn set_neighbour(&mut self, x: usize, y: usize, direction: usize, cost: f32) {
        let node = self.node(x, y);
        let other = self.next(node, direction);
        self.capacity[node][direction] = cost;
        self.capacity[other][7 - direction] = cost;
    }

    /// Whether a pixel lies on the source's side of the cut; after [`Grid::solve`].
    pub(super) fn is_source(&self, x: usize, y: usize) -> bool {
        let node = self.node(x, y);
        self.parent[node] != NONE && !self.in_sink_tree[node]
    }

    /// Finds the least cut.
    pub(super) fn solve(&mut self) {
        for node in 0..self.terminal.len() {
            if self.terminal[node] != 0.0 {
                self.in_sink_tree[node] = self.terminal[node] < 0.0;
                self.parent[node] = TERMINAL;
                self.depth[node] = 1;
                self.activate(node);
            }
        }
        while let Some(node) = self.active.pop_front() {
            self.queued[node] = false;
            while self.parent[node] != NONE {
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
        if !self.queued[node] {
            self.queued[node] = true;
            self.active.push_back(node);
        }
    }

    /// What can still flow between a node and its neighbour, in the direction of the node's tree: away from the source,
    /// or towards the sink.
    fn outward(&self, node: usize, direction: usize) -> f32 {
        if self.in_sink_tree[node] {
            self.capacity[self.next(node, direction)][7 - direction]
        } else {
            self.capacity[node][direction]
        }
    }

    /// Grows the tree of an active node; returns an arc from the source's tree to the sink's when they meet.
    fn grow(&mut self, node: usize) -> Option<(usize, usize)> {
        let sink = self.in_sink_tree[node];
        for direction in 0..8 {
            if self.outward(node, direction) <= 0.0 {
                continue;
            }
            let other = self.next(node, direction);
            if self.parent[other] == NONE {
                self.in_sink_tree[other] = sink;
                self.parent[other] = 7 - direction as u8;
                self.stamp[other] = self.stamp[node];
                self.depth[other] = self.depth[node] + 1;
                self.activate(other);
            } else if self.in_sink_tree[other] != sink {
                return Some(if sink { (other, 7 - direction) } else { (node, direction) });
            } else if self.stamp[other] <= self.stamp[node] && self.depth[other] > self.depth[node] {
                // A shorter way to the terminal.
                self.parent[other] = 7 - direction as u8;
                self.stamp[other] = self.stamp[node];
                self.depth[other] = self.depth[node] + 1;
            }
        }
        None
    }

    /// The capacity of the tree arc between a node and its parent, to read and change.
    fn tree_arc(&mut self, node: usize) -> &mut f32 {
        let direction = self.parent[node] as usize;
        if self.in_sink_tree[node] {
            &mut self.capacity[node][direction]
        } else {
            let parent = self.next(node, direction);
            &mut self.capacity[parent][7 - direction]
        }
    }

    /// The reverse of [`Grid::tree_arc`].
    fn tree_arc_back(&mut self, node: usize) -> &mut f32 {
        let direction = self.parent[node] as usize;
        if self.in_sink_tree[node] {
            let parent = self.next(node, direction);
            &mut self.capacity[parent][7 - direction]
        } else {
            &mut self.capacity[node][direction]
        }
    }

    /// Pushes as much as fits along source → … → `from` → neighbour → … → sink.
    fn augment(&mut self, from: usize, direction: usize) {
        let to = self.next(from, direction);
        let mut flow = self.capacity[from][direction];
        for end in [from, to] {
            let mut node = end;
            while self.parent[node] != TERMINAL {
                flow = flow.min(*self.tree_arc(node));
                node = self.next(node, self.parent[node] as usize);
            }
            flow = flow.min(self.terminal[node].abs());
        }
        self.capacity[from][direction] -= flow;
        self.capacity[to][7 - direction] += flow;
        for end in [from, to] {
            let mut node = end;
            while self.parent[node] != TERMINAL {
                *self.tree_arc_back(node) += flow;
                let left = self.tree_arc(node);
                *left -= flow;
                let saturated = *left <= 0.0;
                let up = self.next(node, self.parent[node] as usize);
                if saturated {
                    self.parent[node] = ORPHAN;
                    self.orphans.push_front(node);
                }
                node = up;
            }
            self.terminal[node] -= flow * self.terminal[node].signum();
            if self.terminal[node] == 0.0 {
                self.parent[node] = ORPHAN;
                self.orphans.push_front(node);
            }
        }
    }

    /// How far a node is from its terminal, None when it hangs on an orphan. Marks the way for later questions.
    fn origin(&mut self, start: usize) -> Option<u32> {
        let mut steps = 0;
        let mut node = start;
        let total = loop {
            if self.stamp[node] == self.time {
                break steps + self.depth[node];
            }
            steps += 1;
            match self.parent[node] {
                TERMINAL => {
                    self.stamp[node] = self.time;
                    self.depth[node] = 1;
                    break steps;
                }
                ORPHAN | NONE => return None,
                direction => node = self.next(node, direction as usize),
            }
        };
        let (mut node, mut left) = (start, total);
        while self.stamp[node] != self.time {
            self.stamp[node] = self.time;
            self.depth[node] = left;
            left -= 1;
            node = self.next(node, self.parent[node] as usize);
        }
        Some(total)
    }

    /// Finds a new parent for an orphan in its own tree, or frees it and orphans its children.
    fn adopt(&mut self, orphan: usize) {
        let sink = self.in_sink_tree[orphan];
        let mut best: Option<(u32, usize)> = None;
        for direction in 0..8 {
            let other = self.next(orphan, direction);
            if self.parent[other] == NONE
                || self.in_sink_tree[other] != sink
                || self.outward(other, 7 - direction) <= 0.0
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
            self.parent[orphan] = direction as u8;
            self.stamp[orphan] = self.time;
            self.depth[orphan] = depth + 1;
            return;
        }
        for direction in 0..8 {
            let other = self.next(orphan, direction);
            if self.parent[other] == NONE || self.in_sink_tree[other] != sink {
                continue;
            }
            if self.outward(other, 7 - direction) > 0.0 {
                self.activate(other);
            }
            if self.parent[other] == 7 - direction as u8 {
                self.parent[other] = ORPHAN;
                self.orphans.push_back(other);
            }
        }
        self.parent[orphan] = NONE;
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
