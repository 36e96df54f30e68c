//! Where tiles lie, and how they are joined.

use tch::{Kind, Tensor};

/// How a pass cuts its image, all in pixels that go in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// The most that a tile covers, its surroundings not counted.
    pub(super) tile: i64,
    /// Computed around a tile and thrown away.
    pub(super) margin: i64,
    /// Over which a tile fades into its neighbour.
    pub(super) seam: i64,
    /// Places where tiles may begin are multiples of this, so that they are whole pixels of what comes out too.
    pub(super) step: i64,
}

/// A tile along one axis, in pixels that go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// What is computed: from where, and how much.
    pub(super) from: i64,
    pub(super) size: i64,
    /// What of it is painted, seams included.
    pub(super) start: i64,
    pub(super) end: i64,
    /// The seam shared with the tile before; 0 for the first.
    pub(super) before: i64,
    /// The seam shared with the tile after; 0 for the last.
    pub(super) after: i64,
}

impl Cut {
    /// Tiles of about the same size that cover `length`, a multiple of [`Cut::step`].
    pub(super) fn spans(&self, length: i64) -> Vec<Span> {
        let step = self.step;
        let tiles = up(length, self.tile) / self.tile;
        let side = up(up(length, tiles) / tiles, step).max(up(self.seam, 2 * step));
        let half = up(self.seam / 2, step);
        let span = |core: i64| {
            let last = length - (core + side) < half.max(1); // too little left for a seam: taken along
            let (before, after) = (if core == 0 { 0 } else { half }, if last { 0 } else { half });
            let (start, end) = (core - before, if last { length } else { core + side + after });
            let from = (start - self.margin).max(0) / step * step;
            let size = up(end + self.margin, step).min(length) - from;
            Span { from, size, start, end, before: 2 * before, after: 2 * after }
        };
        let cores = (0..length).step_by(side as usize);
        cores.take_while(|core| *core == 0 || length - core >= half).map(span).collect()
    }
}

/// The next multiple of `step`.
fn up(x: i64, step: i64) -> i64 {
    (x + step - 1) / step * step
}

/// Joins tiles of a row, then rows: weights of neighbours add up to one everywhere.
#[derive(Default)]
pub(super) struct Joiner {
    above: Vec<Tensor>,   // the lower seam of every tile of the row before
    below: Vec<Tensor>,   // of this row
    left: Option<Tensor>, // the right seam of the tile before
    column: usize,
}

impl Joiner {
    /// Takes the next tile (1, channels, height, width) of the row, with the widths of its seams (before, after) along both
    /// axes in its own pixels; gives what of it is final: all but the seams shared with tiles to come.
    pub(super) fn join(&mut self, tile: &Tensor, rows: [i64; 2], columns: [i64; 2]) -> Tensor {
        if let Some(left) = self.left.take() {
            fade(&left, &tile.narrow(3, 0, columns[0]), 3);
        }
        let (tile, right) = split(tile, 3, columns[1]);
        self.left = right;
        if let Some(above) = self.above.get(self.column) {
            fade(above, &tile.narrow(2, 0, rows[0]), 2);
        }
        let (tile, lower) = split(&tile, 2, rows[1]);
        self.below.extend(lower);
        self.column += 1;
        tile
    }

    /// Ends a row.
    pub(super) fn end_row(&mut self) {
        self.column = 0;
        self.above = std::mem::take(&mut self.below);
    }
}

/// All but the last pixels along `axis`, and a copy of those.
fn split(tile: &Tensor, axis: i64, seam: i64) -> (Tensor, Option<Tensor>) {
    let kept = tile.size()[axis as usize] - seam;
    (tile.narrow(axis, 0, kept), (seam > 0).then(|| tile.narrow(axis, kept, seam).copy()))
}

/// Lets `zone` take over from `before` along `axis`, smoothly, in place.
fn fade(before: &Tensor, zone: &Tensor, axis: i64) {
    let pixels = zone.size()[axis as usize];
    let t = (Tensor::arange(pixels, (Kind::Float, zone.device())) + 0.5) / pixels as f64;
    let weight = t.square() * (t * -2.0 + 3.0); // flat at both ends
    let weight = weight.reshape(if axis == 2 { [pixels, 1] } else { [1, pixels] });
    let blended = before.lerp_tensor(zone, &weight.to_kind(zone.kind()));
    zone.shallow_clone().copy_(&blended);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    const CUT: Cut = Cut { tile: 32, margin: 7, seam: 8, step: 3 };

    #[test]
    fn spans_cover_every_pixel_and_share_their_seams() {
        for length in (3..400).step_by(3) {
            let spans = CUT.spans(length);
            assert_eq!((spans[0].start, spans[spans.len() - 1].end), (0, length), "{length}");
            for pair in spans.windows(2) {
                assert_eq!(pair[0].end - pair[1].start, pair[0].after, "{length}");
                assert_eq!(pair[0].after, pair[1].before, "{length}");
            }
            for span in &spans {
                assert!(span.before + span.after <= span.end - span.start, "{length}: {span:?}");
                assert!(span.from % 3 == 0 && span.start % 3 == 0 && span.size % 3 == 0, "{length}: {span:?}");
                assert!(span.from == 0 || span.from <= span.start - 7, "{length}: {span:?}");
                assert!(span.from + span.size == length || span.from + span.size >= span.end + 7, "{length}: {span:?}");
                assert!(span.size <= 32 + 3 + 2 * (6 + 7 + 3), "{length}: {span:?}");
            }
        }
    }

    /// Tiles cut from one map and joined again are that map.
    #[test]
    fn joining_undoes_cutting() {
        let map = Tensor::randn([1, 2, 99, 75], (Kind::Double, Device::Cpu));
        let joined = Tensor::full_like(&map, f64::NAN);
        let mut joiner = Joiner::default();
        for rows in CUT.spans(99) {
            for columns in CUT.spans(75) {
                let tile = map.narrow(2, rows.start, rows.end - rows.start);
                let tile = tile.narrow(3, columns.start, columns.end - columns.start).copy();
                let part = joiner.join(&tile, [rows.before, rows.after], [columns.before, columns.after]);
                joined.narrow(2, rows.start, part.size()[2]).narrow(3, columns.start, part.size()[3]).copy_(&part);
            }
            joiner.end_row();
        }
        assert!((joined - map).abs().max().double_value(&[]) < 1e-12);
    }

    #[test]
    fn a_seam_goes_over_smoothly() {
        let (zero, one) = (
            Tensor::zeros([1, 1, 1, 8], (Kind::Float, Device::Cpu)),
            Tensor::ones([1, 1, 1, 8], (Kind::Float, Device::Cpu)),
        );
        fade(&zero, &one, 3);
        let ramp = Vec::<f32>::try_from(one.flatten(0, -1)).unwrap();
        assert!(ramp[0] < 0.02 && ramp[7] > 0.98 && ramp.windows(2).all(|pair| pair[0] < pair[1]), "{ramp:?}");
    }
}
