use tch::{Kind, Tensor};

/// A network run tile by tile over a map too large for it at once, with the tiles and seams of diffusers' `tiled_decode`
/// and `_tiled_encode`: tiles overlap by a quarter, and over the overlap a tile fades in over its neighbours above and left,
/// linearly. What a tile sees beyond its borders differs from the whole map, so results differ a little from an untiled run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiling {
    tile: i64, // side, in pixels that go in
    tile_out: i64,
}

impl Tiling {
    /// Square tiles of `tile` pixels that become `tile_out`; both multiples of 4.
    pub(super) fn new(tile: i64, tile_out: i64) -> Self {
        Self { tile, tile_out }
    }

    /// Whether a map of this height and width is cut.
    pub(super) fn cuts(self, height: i64, width: i64) -> bool {
        height > self.tile || width > self.tile
    }

    /// `x`: (batch, channels, height, width), of which `network` sees a tile at a time. Apart from the result, no more than
    /// a tile and a row of seams is held.
    pub(super) fn run(self, x: &Tensor, network: impl Fn(&Tensor) -> Tensor) -> Tensor {
        let size = x.size();
        let kept = self.tile_out - self.overlap();
        let mut out = None;
        let mut above: Vec<Tensor> = Vec::new(); // the last rows of the tiles above
        for (row, top) in steps(size[2], self.stride()).enumerate() {
            let strip = x.narrow(2, top, self.tile.min(size[2] - top));
            let (mut below, mut left) = (Vec::new(), None);
            for (column, start) in steps(size[3], self.stride()).enumerate() {
                let tile = network(&strip.narrow(3, start, self.tile.min(size[3] - start)));
                above.get(column).inspect(|above| self.fade_in(&tile, above, 2));
                left.as_ref().inspect(|left| self.fade_in(&tile, left, 3));
                below.push(self.seam(&tile, 2));
                left = Some(self.seam(&tile, 3));
                let out = out.get_or_insert_with(|| self.canvas(&tile, &size));
                place(out, &tile, [row as i64 * kept, column as i64 * kept], kept);
            }
            above = below;
        }
        out.unwrap_or_else(|| network(x)) // maps without pixels have no tile
    }

    fn stride(self) -> i64 {
        self.tile / 4 * 3
    }

    /// Pixels that two neighbours share, in what comes out.
    fn overlap(self) -> i64 {
        self.tile_out / 4
    }

    fn canvas(self, tile: &Tensor, size: &[i64]) -> Tensor {
        let [height, width] = [size[2], size[3]].map(|side| side * self.tile_out / self.tile);
        Tensor::empty([size[0], tile.size()[1], height, width], (tile.kind(), tile.device()))
    }

    /// A copy of the last pixels along `axis`, so that the tile itself can go.
    fn seam(self, tile: &Tensor, axis: i64) -> Tensor {
        last(tile, axis, self.overlap().min(tile.size()[axis as usize])).copy()
    }

    /// Blends the first pixels of `tile` along `axis` with the last ones of its neighbour there, in place.
    fn fade_in(self, tile: &Tensor, neighbour: &Tensor, axis: i64) {
        let pixels = self.overlap().min(tile.size()[axis as usize]).min(neighbour.size()[axis as usize]);
        let ramp = Tensor::arange(pixels, (Kind::Float, tile.device())) / pixels as f64;
        let ramp = ramp.reshape(if axis == 2 { [pixels, 1] } else { [1, pixels] }).to_kind(tile.kind());
        let mut zone = tile.narrow(axis, 0, pixels);
        let blended = last(neighbour, axis, pixels).lerp_tensor(&zone, &ramp);
        zone.copy_(&blended);
    }
}

/// Where tiles begin along a side.
fn steps(side: i64, stride: i64) -> impl Iterator<Item = i64> {
    (0..side).step_by(stride as usize)
}

fn last(x: &Tensor, axis: i64, pixels: i64) -> Tensor {
    x.narrow(axis, x.size()[axis as usize] - pixels, pixels)
}

/// Writes the first `kept` pixels of a tile's sides to their place.
fn place(out: &Tensor, tile: &Tensor, [top, left]: [i64; 2], kept: i64) {
    let [height, width] = [2, 3].map(|axis: usize| kept.min(tile.size()[axis]));
    let mut place = out.narrow(2, top, height).narrow(3, left, width);
    place.copy_(&tile.narrow(2, 0, height).narrow(3, 0, width));
}
