//! What tiles are painted on.

use crate::error::Result;
use crate::pixels;
use cavendish_renderer::Pixels;
use tch::{Device, Kind, Tensor};

/// Takes final tiles (1, 3, height, width), whose values may leave 0..=1, at a row and column.
pub(super) trait Canvas {
    fn put(&mut self, tile: &Tensor, row: i64, column: i64) -> Result<()>;
}

/// For what another pass goes over.
pub(super) struct Map(pub(super) Tensor);

impl Map {
    pub(super) fn new(height: i64, width: i64, device: Device) -> Self {
        Self(Tensor::empty([1, 3, height, width], (Kind::Float, device)))
    }
}

impl Canvas for Map {
    fn put(&mut self, tile: &Tensor, row: i64, column: i64) -> Result<()> {
        self.0.narrow(2, row, tile.size()[2]).narrow(3, column, tile.size()[3]).f_copy_(tile)?;
        Ok(())
    }
}

/// The finished image: three bytes a pixel, never a tensor of its size.
pub(super) struct Image(pub(super) Pixels);

impl Image {
    pub(super) fn new(height: i64, width: i64) -> Self {
        let rgb = vec![0; (height * width * 3) as usize];
        Self(Pixels { width: width as u32, height: height as u32, rgb })
    }
}

impl Canvas for Image {
    fn put(&mut self, tile: &Tensor, row: i64, column: i64) -> Result<()> {
        let tile = pixels::from_tensor(tile)?;
        let (stride, line) = (self.0.width as usize * 3, tile.width as usize * 3);
        let start = row as usize * stride + column as usize * 3;
        for (from, to) in tile.rgb.chunks_exact(line).zip(self.0.rgb[start..].chunks_mut(stride)) {
            to[..line].copy_from_slice(from);
        }
        Ok(())
    }
}
