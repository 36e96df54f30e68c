//! Binary masks: connected parts, holes, boxes.

use cavendish_specs::PixelBox;

use super::parts::parts;

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

    /// The longer side of the box round all that is on, pixels; 1 where nothing is.
    pub(crate) fn longer(&self) -> f32 {
        self.bounds().map_or(1, |b| b.width.max(b.height)) as f32
    }

    /// Areas of the connected parts that are on, the largest first.
    pub(crate) fn areas(&self) -> Vec<usize> {
        let mut areas: Vec<usize> =
            parts(self).1.iter().filter(|part| part.on).map(|part| part.area as usize).collect();
        areas.sort_unstable_by(|a, b| b.cmp(a));
        areas
    }

    /// Keeps the parts that have at least `keep` of the largest one's area, and fills holes of at most `fill` of it.
    pub(crate) fn tidy(&mut self, keep: f32, fill: f32) {
        let (of, parts) = parts(self);
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

    /// The pixels' indices of every 4-connected part that is on; parts that are not have none.
    fn members(&self) -> (Vec<u32>, Vec<Vec<usize>>) {
        let (of, parts) = parts(self);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
        of.iter().enumerate().filter(|(i, _)| self.on[*i]).for_each(|(i, part)| members[*part as usize].push(i));
        (of, members)
    }

    /// The pixels' indices of every 4-connected part that is on.
    pub(crate) fn connected(&self) -> Vec<Vec<usize>> {
        self.members().1.into_iter().filter(|members| !members.is_empty()).collect()
    }

    /// Keeps those 4-connected parts whose pixels' indices are approved of.
    pub(crate) fn keep_parts(&mut self, keep: impl Fn(&[usize]) -> bool) {
        let (of, members) = self.members();
        let kept: Vec<bool> = members.iter().map(|m| !m.is_empty() && keep(m)).collect();
        self.on.iter_mut().zip(of).for_each(|(on, part)| *on = kept[part as usize]);
    }

    /// What is on and has nothing within `by` pixels (a square) that is not; beyond the picture everything is on.
    pub(crate) fn eroded(&self, by: usize) -> Self {
        let (w, h) = (self.width, self.height);
        let mut across = vec![true; w * h];
        for (to, from) in across.chunks_exact_mut(w).zip(self.on.chunks_exact(w)) {
            for x in (0..w).filter(|x| !from[*x]) {
                to[x.saturating_sub(by)..(x + by + 1).min(w)].fill(false);
            }
        }
        let mut on = vec![true; w * h];
        for (y, from) in across.chunks_exact(w).enumerate() {
            for to in on[y.saturating_sub(by) * w..(y + by + 1).min(h) * w].chunks_exact_mut(w) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to &= from);
            }
        }
        Self::new(w, h, on)
    }

    /// As [`Mask::eroded`], but what is on in `beside` eats nothing away.
    pub(crate) fn eroded_within(&self, by: usize, beside: &Self) -> Self {
        let joined =
            Self::new(self.width, self.height, self.on.iter().zip(&beside.on).map(|(a, b)| *a || *b).collect());
        let mut left = joined.eroded(by);
        left.on.iter_mut().zip(&self.on).for_each(|(left, own)| *left &= own);
        left
    }

    /// Distance of every pixel from the nearest one that is `value`, in pixels, by a 5-7 chamfer (within 2 %).
    pub(crate) fn distance_to(&self, value: bool) -> Vec<f32> {
        let (w, h) = (self.width, self.height);
        let mut d: Vec<u32> = self.on.iter().map(|on| if *on == value { 0 } else { u32::MAX / 2 }).collect();
        for y in 0..h {
            for x in 0..w {
                let i = y * w + x;
                let mut least = d[i];
                if x > 0 {
                    least = least.min(d[i - 1] + 5);
                }
                if y > 0 {
                    least = least.min(d[i - w] + 5);
                    if x > 0 {
                        least = least.min(d[i - w - 1] + 7);
                    }
                    if x + 1 < w {
                        least = least.min(d[i - w + 1] + 7);
                    }
                }
                d[i] = least;
            }
        }
        for y in (0..h).rev() {
            for x in (0..w).rev() {
                let i = y * w + x;
                let mut least = d[i];
                if x + 1 < w {
                    least = least.min(d[i + 1] + 5);
                }
                if y + 1 < h {
                    least = least.min(d[i + w] + 5);
                    if x > 0 {
                        least = least.min(d[i + w - 1] + 7);
                    }
                    if x + 1 < w {
                        least = least.min(d[i + w + 1] + 7);
                    }
                }
                d[i] = least;
            }
        }
        d.into_iter().map(|v| v as f32 / 5.0).collect()
    }

    /// What a disc of this radius can reach inside the mask: thin spikes and ragged edges are gone.
    pub(crate) fn opened(&self, radius: f32) -> Self {
        let eroded = self.distance_to(false).into_iter().map(|d| d > radius).collect();
        let eroded = Self::new(self.width, self.height, eroded);
        let on = eroded.distance_to(true).into_iter().map(|d| d <= radius).collect();
        Self::new(self.width, self.height, on)
    }

    /// The mask with its outline evened out: detail finer than `sigma` pixels goes.
    pub(crate) fn smoothed(&self, sigma: f32) -> Self {
        let mut plane = self.plane();
        crate::blur::gaussian(&mut plane, self.width, self.height, sigma);
        Self::new(self.width, self.height, plane.into_iter().map(|v| v > 0.5).collect())
    }

    /// The smallest convex shape round the mask.
    pub(crate) fn hull(&self) -> Self {
        let mut points: Vec<(i64, i64)> = Vec::new();
        for (y, row) in self.on.chunks_exact(self.width).enumerate() {
            if let (Some(first), Some(last)) = (row.iter().position(|v| *v), row.iter().rposition(|v| *v)) {
                points.push((first as i64, y as i64));
                points.push((last as i64, y as i64));
            }
        }
        let (left, right) = (chain(&points, 1), chain(&points, -1));
        let mut hull = Self::new(self.width, self.height, vec![false; self.on.len()]);
        if let (Some(top), Some(bottom)) = (points.first(), points.last()) {
            for y in top.1..=bottom.1 {
                let (from, to) = (edge(&left, y).ceil() as usize, edge(&right, y).floor() as usize);
                let start = y as usize * self.width;
                hull.on[start + from..=start + to.min(self.width - 1)].fill(true);
            }
        }
        hull
    }

    /// As floats, 1 where on.
    pub(crate) fn plane(&self) -> Vec<f32> {
        self.on.iter().map(|v| f32::from(u8::from(*v))).collect()
    }
}

/// One side of the convex hull of points that are sorted by row, from top to bottom; `side` 1 is left, −1 right.
fn chain(points: &[(i64, i64)], side: i64) -> Vec<(i64, i64)> {
    let mut out: Vec<(i64, i64)> = Vec::new();
    for &p in points {
        // Of two points in a row the outer one counts.
        if let Some(last) = out.last()
            && last.1 == p.1
        {
            if (p.0 - last.0) * side >= 0 {
                continue;
            }
            out.pop();
        }
        while let [.., a, b] = out[..] {
            if ((b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)) * side < 0 {
                break;
            }
            out.pop();
        }
        out.push(p);
    }
    out
}

/// Where a chain crosses a row.
fn edge(chain: &[(i64, i64)], y: i64) -> f32 {
    let next = chain.partition_point(|p| p.1 < y).min(chain.len() - 1);
    let (b, a) = (chain[next], chain[next.saturating_sub(1)]);
    if b.1 == a.1 || b.1 == y {
        return b.0 as f32;
    }
    a.0 as f32 + (b.0 - a.0) as f32 * (y - a.1) as f32 / (b.1 - a.1) as f32
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

    fn drawn(rows: &[&str]) -> Mask {
        let on = rows.iter().flat_map(|r| r.chars()).map(|c| c == '#').collect();
        Mask::new(rows[0].len(), rows.len(), on)
    }

    #[test]
    fn a_hull_closes_every_bay() {
        let mask = drawn(&["..#....", ".......", "#...#..", "......#", "..#...."]);
        assert_eq!(mask.hull(), drawn(&["..#....", ".###...", "#####..", ".######", "..#...."]));
        let square = drawn(&["....", ".##.", ".##.", "...."]);
        assert_eq!(square.hull(), square);
        assert_eq!(Mask::new(3, 1, vec![false; 3]).hull().area(), 0);
    }

    #[test]
    fn opening_takes_spikes_and_keeps_bodies() {
        let mask = drawn(&[".......", ".#####.", ".######", ".#####.", ".#####.", ".#####.", "......."]);
        assert!(!mask.opened(1.5).on[2 * 7 + 6]);
        assert!(mask.opened(1.5).on[3 * 7 + 3]);
        assert_eq!(mask.distance_to(true)[0], 1.4);
    }
}
