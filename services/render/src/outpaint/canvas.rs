//! The canvas of a drawing that is drawn on.

use super::DrawnOn;
use super::cells::{Cell, Window, edge, filled};
use super::seam::{BLOCKS, Change};
use cavendish_imaging::image::{Rgb, RgbImage, imageops};
use cavendish_imaging::{ImageError, Render, crop, resize_rgb};
use cavendish_renderer::{Edit, Pixels, RenderError};
use std::sync::Arc;

/// A drawing and the room for what lies beyond its edges, which are continued softly until something is drawn there.
pub(super) struct Canvas {
    image: RgbImage,
    /// The drawing's sides, pixels.
    size: [u32; 2],
    /// The cell at the canvas's corner.
    first: Cell,
}

impl Canvas {
    /// A drawing with room for these windows.
    pub(super) fn of(render: &RgbImage, windows: &[Window]) -> Result<Self, ImageError> {
        let size = [render.width(), render.height()];
        let corners = |axis: usize| windows.iter().map(move |window| window.corner[axis]).chain([0]);
        let first = [0, 1].map(|axis| corners(axis).min().unwrap_or(0));
        let end = [0, 1].map(|axis| corners(axis).max().unwrap_or(0) + 2);
        let [width, height] = between(size, first, end);
        let image = Render::from(render).laid(between(size, first, [0, 0]), (width, height))?;
        Ok(Self { image, size, first })
    }

    /// A window's edit: what is not there is drawn.
    pub(super) fn edit(&self, window: &Window) -> Edit {
        let ([x, y], [width, height]) = self.bounds(window);
        let rgb = imageops::crop_imm(&self.image, x, y, width, height).to_image().into_raw();
        let source = Arc::new(Pixels { width, height, rgb });
        Edit { source, mask: Some(Arc::new(self.mask(window))), strength: 1.0 }
    }

    /// 255 where a window's cells are missing, fading out over the strip along the seam in which old and new are mixed.
    fn mask(&self, window: &Window) -> Vec<u8> {
        let missing = window.cells().into_iter().filter(|cell| !window.known.contains(cell));
        let missing: Vec<[f32; 4]> = missing
            .map(|cell| {
                let [left, top] = between(self.size, window.corner, cell);
                let [right, bottom] = between(self.size, window.corner, cell.map(|at| at + 1));
                [left, top, right, bottom].map(|side| side as f32)
            })
            .collect();
        let seam = (self.size[0].min(self.size[1]) as f32 / (2 * BLOCKS) as f32).max(1.0);
        let (_, [width, height]) = self.bounds(window);
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

    /// Puts what was drawn in a window into its place, where its mask lets it.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when it lacks pixels, or does not go with what it continues.
    pub(super) fn put(&mut self, window: &Window, mask: &[u8], drawn: Pixels) -> Result<(), RenderError> {
        let failed = |what: String| RenderError::Failed(format!("what was drawn beyond the edges {what}"));
        let image = RgbImage::from_raw(drawn.width, drawn.height, drawn.rgb);
        let image = image.ok_or_else(|| failed("lacks pixels".into()))?;
        let ([left, top], [width, height]) = self.bounds(window);
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
        for ((x, y, pixel), drawn) in image.enumerate_pixels().zip(mask) {
            if *drawn > 0 {
                self.image.put_pixel(left + x, top + y, Rgb(pixel.0));
            }
        }
        Ok(())
    }

    /// What came of it with these windows drawn; None where none was.
    pub(super) fn drawn_on(&self, windows: &[Window]) -> Option<DrawnOn> {
        let filled = filled(windows);
        let first = [0, 1].map(|axis| filled.iter().map(|[first, _]| first[axis]).min().unwrap_or(0));
        let end = [0, 1].map(|axis| filled.iter().map(|[_, end]| end[axis]).max().unwrap_or(2));
        if (first, end) == ([0, 0], [2, 2]) {
            return None;
        }
        let ([x, y], [width, height]) = (between(self.size, self.first, first), between(self.size, first, end));
        let part = |[from, to]: [Cell; 2]| {
            let ([x, y], [width, height]) = (between(self.size, first, from), between(self.size, from, to));
            [x, y, width, height]
        };
        let image = crop(&self.image, x, y, width, height).ok()?;
        let (at, drawn) = (between(self.size, first, [0, 0]), filled.into_iter().map(part).collect());
        Some(DrawnOn { image, at, drawn })
    }

    /// A window's corner on the canvas, and its size.
    fn bounds(&self, window: &Window) -> ([u32; 2], [u32; 2]) {
        let end = window.corner.map(|at| at + 2);
        (between(self.size, self.first, window.corner), between(self.size, window.corner, end))
    }
}

/// Pixels from one cell's corner to another's, across and down.
fn between(size: [u32; 2], from: Cell, to: Cell) -> [u32; 2] {
    [0, 1].map(|axis| edge(size[axis], to[axis]).abs_diff(edge(size[axis], from[axis])))
}

#[cfg(test)]
mod tests {
    use super::super::cells::windows;
    use super::*;

    /// A scene that changes slowly, at any place.
    fn shade(x: i32, y: i32) -> Rgb<u8> {
        Rgb([(90 + x / 2) as u8, (100 + y / 2) as u8, 60])
    }

    /// A drawing with an odd side, with room for a wide and a tall shape.
    fn cross() -> (Canvas, Vec<Window>, RgbImage) {
        let render = RgbImage::from_fn(97, 64, |x, y| shade(x as i32, y as i32));
        let windows = windows([97, 64], &[[-30.0, 0.0, 120.0, 64.0], [0.0, -20.0, 97.0, 80.0]]);
        (Canvas::of(&render, &windows).unwrap(), windows, render)
    }

    /// Draws in a window: the scene as it goes on, in another blue.
    fn draw(canvas: &mut Canvas, window: &Window) -> Result<(), RenderError> {
        let edit = canvas.edit(window);
        let (width, height) = (edit.source.width, edit.source.height);
        let [left, top] = [0, 1].map(|axis| edge(canvas.size[axis], window.corner[axis]));
        let image = RgbImage::from_fn(width, height, |x, y| {
            let Rgb([r, g, _]) = shade(left + x as i32, top + y as i32);
            Rgb([r, g, 70])
        });
        canvas.put(window, edit.mask.as_ref().unwrap(), Pixels { width, height, rgb: image.into_raw() })
    }

    #[test]
    fn what_was_there_stays_but_for_the_seam_and_blanks_are_in_no_part() {
        let (mut canvas, windows, render) = cross();
        windows.iter().for_each(|window| draw(&mut canvas, window).unwrap());
        let DrawnOn { image, at: [x, y], drawn } = canvas.drawn_on(&windows).unwrap();
        assert_eq!((image.dimensions(), [x, y]), ((97 + 2 * 48, 64 + 2 * 32), [48, 32]));
        assert_eq!(drawn, [[0, 32, 193, 64], [48, 0, 97, 128]]);
        assert_eq!(image.get_pixel(x + 48, y + 32), render.get_pixel(48, 32));
        assert_eq!(image.get_pixel(x + 92, y + 32), render.get_pixel(92, 32), "beside the seam");
        assert_eq!(image.get_pixel(x + 97 + 20, y + 32).0, [90 + 117 / 2, 116, 70]);
        assert_eq!(image.get_pixel(x + 48, y + 64 + 10).0, [114, 137, 70]);
    }

    #[test]
    fn what_ended_early_is_as_large_as_what_was_done() {
        let (mut canvas, windows, _) = cross();
        assert!(canvas.drawn_on(&[]).is_none());
        draw(&mut canvas, &windows[0]).unwrap();
        let drawn = canvas.drawn_on(&windows[..1]).unwrap();
        assert_eq!((drawn.drawn.len(), drawn.image.width() * drawn.image.height()), (1, (97 + 48) * 64));
        let lacking = canvas.put(&windows[1], &[255], Pixels { width: 9, height: 9, rgb: vec![] });
        assert!(lacking.unwrap_err().to_string().contains("lacks pixels"));
    }
}
