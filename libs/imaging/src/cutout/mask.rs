//! Binary masks: connected parts, holes, boxes.

use cavendish_specs::PixelBox;

/// A binary picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) on: Vec<bool>,
}

impl Mask {
    pub(crate) fn new(width: usize, height: usize, on: Vec<bool>) -> Self {
        Self { width, height, on }
    }

    pub(crate) fn area(&self) -> usize {
        self.on.iter().filter(|v| **v).count()
    }

    /// The smallest box round all that is on.
    pub(crate) fn bounds(&self) -> Option<PixelBox> {
        let mut edges: Option<[usize; 4]> = None;
        for (y, row) in self.on.chunks_exact(self.width).enumerate() {
            let (Some(first), Some(last)) = (row.iter().position(|v| *v), row.iter().rposition(|v| *v)) else {
                continue;
            };
            let e = edges.get_or_insert([first, y, last, y]);
            *e = [e[0].min(first), e[1], e[2].max(last), y];
        }
        edges.map(|[x0, y0, x1, y1]| PixelBox {
            x: x0 as u32,
            y: y0 as u32,
            width: (x1 - x0 + 1) as u32,
            height: (y1 - y0 + 1) as u32,
        })
    }

    /// Sizes of the 4-connected parts of equal value, and for each pixel the part it belongs to.
    fn parts(&self) -> (Vec<u32>, Vec<Part>) {
        let mut of = vec![u32::MAX; self.on.len()];
        let mut parts = Vec::new();
        let mut stack = Vec::new();
        for start in 0..self.on.len() {
            if of[start] != u32::MAX {
                continue;
            }
            let (id, value) = (parts.len() as u32, self.on[start]);
            let mut part = Part { on: value, area: 0, at_edge: false };
            of[start] = id;
            stack.push(start);
            while let Some(i) = stack.pop() {
                part.area += 1;
                let (x, y) = (i % self.width, i / self.width);
                part.at_edge |= x == 0 || y == 0 || x + 1 == self.width || y + 1 == self.height;
                let mut visit = |j: usize| {
                    if of[j] == u32::MAX && self.on[j] == value {
                        of[j] = id;
                        stack.push(j);
                    }
                };
                if x > 0 {
                    visit(i - 1);
                }
                if x + 1 < self.width {
                    visit(i + 1);
                }
                if y > 0 {
                    visit(i - self.width);
                }
                if y + 1 < self.height {
                    visit(i + self.width);
                }
            }
            parts.push(part);
        }
        (of, parts)
    }

    /// Keeps the parts that have at least `keep` of the largest one's area, and fills holes of at most `fill` of it.
    pub(crate) fn tidy(&mut self, keep: f32, fill: f32) {
        let (of, parts) = self.parts();
        let largest = parts.iter().filter(|p| p.on).map(|p| p.area).max().unwrap_or(0) as f32;
        for (on, part) in self.on.iter_mut().zip(of) {
            let part = &parts[part as usize];
            *on = if part.on {
                part.area as f32 >= keep * largest
            } else {
                !part.at_edge && part.area as f32 <= fill * largest
            };
        }
    }

    /// As floats, 1 where on.
    pub(crate) fn plane(&self) -> Vec<f32> {
        self.on.iter().map(|v| f32::from(u8::from(*v))).collect()
    }
}

struct Part {
    on: bool,
    area: usize,
    at_edge: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidies_specks_and_pinholes_and_leaves_the_open() {
        let rows = ["........", ".#####..", ".#.###.#", ".#####..", "........"];
        let on = rows.iter().flat_map(|r| r.chars()).map(|c| c == '#').collect();
        let mut mask = Mask::new(8, 5, on);
        mask.tidy(0.2, 0.1);
        assert_eq!(mask.area(), 15);
        assert_eq!(mask.bounds(), Some(PixelBox { x: 1, y: 1, width: 5, height: 3 }));
        assert_eq!(Mask::new(2, 1, vec![false; 2]).bounds(), None);
    }
}
