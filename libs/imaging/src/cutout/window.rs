//! The part of a picture that something lies in: all else need not be looked at.

use cavendish_specs::PixelBox;
use image::RgbImage;

/// A box within a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    /// The picture's width.
    across: usize,
}

impl Window {
    /// `bounds` and what lies up to `reach` pixels round them, within a picture of this size.
    pub(super) fn round(bounds: PixelBox, reach: u32, size: (u32, u32)) -> Self {
        let span = |at: u32, length: u32, of: u32| {
            let (from, to) = (at.saturating_sub(reach), (at + length).saturating_add(reach).min(of));
            (from as usize, (to - from) as usize)
        };
        let (x, width) = span(bounds.x, bounds.width, size.0);
        let (y, height) = span(bounds.y, bounds.height, size.1);
        Self { x, y, width, height, across: size.0 as usize }
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// What a plane of the picture's size holds within.
    pub(super) fn of<T: Copy>(&self, plane: &[T]) -> Vec<T> {
        let mut part = Vec::with_capacity(self.width * self.height);
        self.rows().for_each(|row| part.extend_from_slice(&plane[row]));
        part
    }

    /// The picture within.
    pub(super) fn of_image(&self, image: &RgbImage) -> RgbImage {
        let pixels = self.of(image.as_raw().as_chunks::<3>().0);
        RgbImage::from_raw(self.width as u32, self.height as u32, pixels.into_flattened()).unwrap_or_default()
    }

    /// Puts `part`, of the window's size, back where it was.
    pub(super) fn put<T: Copy>(&self, part: &[T], plane: &mut [T]) {
        for (row, part) in self.rows().zip(part.chunks_exact(self.width)) {
            plane[row].copy_from_slice(part);
        }
    }

    fn rows(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let Self { x, y, width, height, across } = *self;
        (y..y + height).map(move |y| y * across + x..y * across + x + width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_goes_back_to_its_place() {
        let bounds = PixelBox { x: 4, y: 1, width: 2, height: 1 };
        let window = Window::round(bounds, 1, (6, 4));
        assert_eq!(window.size(), (3, 3), "it ends where the picture does");
        let plane: Vec<usize> = (0..24).collect();
        let part = window.of(&plane);
        assert_eq!(part, [3, 4, 5, 9, 10, 11, 15, 16, 17]);
        let mut empty = vec![0; 24];
        window.put(&part, &mut empty);
        assert_eq!(empty.iter().sum::<usize>(), part.iter().sum::<usize>());
        assert_eq!(empty[16], 16);
    }
}
