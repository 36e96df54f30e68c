//! What the networks learn from, to look at.

use crate::data::{Objects, Split};
use crate::scene::{SceneKind, chance, scene};
use anyhow::Result;
use image::{Rgb, RgbImage};
use std::path::Path;

/// Pixels of a row and of a cell.
const CELL: u32 = 150;
const CELLS: u32 = 12;

/// Rows of scenes with their references.
pub(crate) fn write(objects: &Objects, out: &Path) -> Result<()> {
    let known = objects.of(&[Split::Train]);
    let mut sheet = RgbImage::from_pixel(CELL * CELLS, CELL * 5, Rgb([40, 40, 40]));
    let mut rng = chance(1, 0);
    let kinds = [
        (64, 64, 1, true, false),
        (96, 64, 2, true, false),
        (144, 64, 3, true, false),
        (144, 96, 5, true, false),
        (144, 64, 3, false, true),
    ];
    for (top, (width, height, subjects, references, alike)) in (0..).zip(kinds) {
        for n in 0..CELLS {
            let kind = SceneKind { width, height, subjects, references, alike };
            let scene = scene(kind, &known, &mut rng);
            put(&mut sheet, [n, top], [0, 0], width, &scene.picture);
            if height < 96 {
                put(&mut sheet, [n, top], [0, 75], width, &scene.laid);
            }
            println!("{}", scene.caption);
        }
    }
    Ok(sheet.save(out)?)
}

/// Planes within −1..=1 into a cell.
fn put(sheet: &mut RgbImage, [column, row]: [u32; 2], [dx, dy]: [u32; 2], width: usize, planes: &[f32]) {
    let count = planes.len() / 3;
    for index in 0..count {
        let pixel = [0, 1, 2].map(|channel| ((planes[channel * count + index] + 1.0) * 127.5) as u8);
        let (x, y) = ((index % width) as u32, (index / width) as u32);
        sheet.put_pixel(column * CELL + dx + x, row * CELL + dy + y, Rgb(pixel));
    }
}
