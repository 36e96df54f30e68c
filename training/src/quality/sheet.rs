use anyhow::Result;
use cavendish_renderer::Pixels;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use std::path::Path;

/// Height of a row of pictures.
const ROW: u32 = 128;

/// Pictures in rows, to look at.
pub(super) struct Sheet {
    rows: Vec<Vec<RgbImage>>,
}

impl Sheet {
    pub(super) fn new() -> Self {
        Self { rows: vec![] }
    }

    /// Begins a row.
    pub(super) fn row(&mut self) {
        self.rows.push(vec![]);
    }

    /// Adds a picture to the last row, enlarged to its height.
    pub(super) fn add(&mut self, picture: &Pixels) {
        let Some(image) = RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone()) else { return };
        let width = picture.width * ROW / picture.height;
        let large = imageops::resize(&image, width, ROW, FilterType::CatmullRom);
        if let Some(row) = self.rows.last_mut() {
            row.push(large);
        }
    }

    pub(super) fn save(&self, file: &Path) -> Result<()> {
        let width = |row: &Vec<RgbImage>| row.iter().map(|image| image.width() + 4).sum::<u32>();
        let widest = self.rows.iter().map(width).max().unwrap_or(1);
        let mut sheet = RgbImage::from_pixel(widest, (ROW + 4) * self.rows.len() as u32, Rgb([255; 3]));
        for (n, row) in self.rows.iter().enumerate() {
            let mut x = 0;
            for image in row {
                imageops::replace(&mut sheet, image, i64::from(x), n as i64 * i64::from(ROW + 4));
                x += image.width() + 4;
            }
        }
        Ok(sheet.save(file)?)
    }
}
