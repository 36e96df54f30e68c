//! The canvas of a drawing that is drawn on.

use super::DrawnOn;
use super::cells::{Cell, Window};
use super::seam::{BLOCKS, Change};
use cavendish_imaging::image::{RgbImage, imageops};
use cavendish_imaging::{ImageError, Render, crop, resize_rgb};
use cavendish_renderer::{Edit, Pixels, RenderError};
use std::sync::Arc;

/// A drawing and the room for what lies beyond its edges, which are continued softly until something is drawn there.
pub(super) struct Canvas {
    image: RgbImage,
    /// Pixels of a cell.
    cell: [u32; 2],
    /// The cell at the canvas's corner.
    first: Cell,
}

impl Canvas {
    /// A drawing with room for these windows.
    pub(super) fn of(render: RgbImage, windows: &[Window]) -> Result<Self, ImageError> {
        let cell = [render.width() / 2, render.height() / 2];
        let (first, size) = bounds(windows);
        let corner = [0, 1].map(|axis| first[axis].unsigned_abs() * cell[axis]);
        let image = Render::from(&render).laid(corner, (size[0] * cell[0], size[1] * cell[1]))?;
        Ok(Self { image, cell, first })
    }

    /// A window's edit: what is not there is drawn, in the colours of its soft continuation to begin with.
    pub(super) fn edit(&self, window: &Window) -> Edit {
        let ([x, y], [width, height]) = (self.place(window.corner), self.cell.map(|side| side * 2));
        let rgb = imageops::crop_imm(&self.image, x, y, width, height).to_image().into_raw();
        let source = Arc::new(Pixels { width, height, rgb });
        Edit { source, mask: Some(Arc::new(self.mask(window))), strength: 1.0 }
    }

    /// 255 where a window's cells are missing, fading out over the strip along the seam in which old and new are mixed.
    fn mask(&self, window: &Window) -> Vec<u8> {
        let missing: Vec<[f32; 4]> = window
            .cells()
            .into_iter()
            .filter(|cell| !window.known.contains(cell))
            .map(|cell| {
                let [left, top] =
                    [0, 1].map(|axis| ((cell[axis] - window.corner[axis]) as u32 * self.cell[axis]) as f32);
                [left, top, left + self.cell[0] as f32, top + self.cell[1] as f32]
            })
            .collect();
        let seam = (self.cell[0].min(self.cell[1]) as f32 / BLOCKS as f32).max(1.0);
        let [width, height] = self.cell.map(|side| side * 2);
        let mut mask = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
                let away = missing.iter().map(|[left, top, right, bottom]| {
                    (left - x).max(x - right).max(0.0).hypot((top - y).max(y - bottom).max(0.0))
                });
                let away = away.fold(f32::INFINITY, f32::min);
                mask.push(((1.0 - away / seam).max(0.0) * 255.0).round() as u8);
            }
        }
        mask
    }

    /// Puts what was drawn in a window into its place.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when it lacks pixels, or does not go with what it continues.
    pub(super) fn put(&mut self, window: &Window, drawn: Pixels) -> Result<(), RenderError> {
        let failed = |what: String| RenderError::Failed(format!("what was drawn beyond the edges {what}"));
        let image =
            RgbImage::from_raw(drawn.width, drawn.height, drawn.rgb).ok_or_else(|| failed("lacks pixels".into()))?;
        let [width, height] = self.cell.map(|side| side * 2);
        // Models of listed sizes draw the nearest shape; the source was brought to it, and this brings it back.
        let image = match image.dimensions() == (width, height) {
            true => image,
            false => resize_rgb(&image, width, height).map_err(|error| failed(error.to_string()))?,
        };
        if let Some(Change { across, within }) = Change::of(window, &image).filter(|change| !change.is_seamless()) {
            let jump =
                format!("does not go with the picture: colours change by {across:.0} where they do by {within:.0}");
            return Err(failed(jump));
        }
        let [x, y] = self.place(window.corner);
        imageops::replace(&mut self.image, &image, i64::from(x), i64::from(y));
        Ok(())
    }

    /// What came of it with these windows drawn; None where none was.
    pub(super) fn drawn_on(self, windows: &[Window]) -> Option<DrawnOn> {
        if windows.is_empty() {
            return None;
        }
        let (first, size) = bounds(windows);
        let ([x, y], [width, height]) = (self.place(first), [0, 1].map(|axis| size[axis] * self.cell[axis]));
        let image = crop(&self.image, x, y, width, height).ok()?;
        Some(DrawnOn { image, at: [0, 1].map(|axis| first[axis].unsigned_abs() * self.cell[axis]) })
    }

    /// A cell's corner on the canvas.
    fn place(&self, cell: Cell) -> [u32; 2] {
        [0, 1].map(|axis| cell[axis].abs_diff(self.first[axis]) * self.cell[axis])
    }
}

/// The smallest rectangle of cells with the drawing and these windows: its first cell, and how many along each axis.
fn bounds(windows: &[Window]) -> (Cell, [u32; 2]) {
    let along = |axis: usize| {
        let corners = || windows.iter().map(move |window| window.corner[axis]).chain([0]);
        let (low, high) = (corners().min().unwrap_or(0), corners().max().unwrap_or(0) + 2);
        (low, high.abs_diff(low))
    };
    let ((left, width), (top, height)) = (along(0), along(1));
    ([left, top], [width, height])
}
