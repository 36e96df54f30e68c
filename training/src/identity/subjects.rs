//! What is looked at.

use super::Places;
use crate::data::{Objects, Split};
use anyhow::{Context, Result, ensure};
use cavendish_imaging::resize_rgba;
use image::RgbaImage;
use image::imageops::crop_imm;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longer side in pixels, at most: as profiles have it.
const SIDE: u32 = 384;
/// Alpha, of 255, from which a pixel counts as seen.
const SEEN: u8 = 24;

/// Something to know again.
pub(super) struct Subject {
    /// Cropped to itself.
    pub(super) cutout: RgbaImage,
    /// The picture that it is cut out of, for a photograph.
    pub(super) photograph: Option<RgbaImage>,
    /// Whether it is only there to be taken for another.
    pub(super) stranger: bool,
}

impl Subject {
    pub(super) fn is_photograph(&self) -> bool {
        self.photograph.is_some()
    }
}

/// Photographs, objects that are held out, and the other objects as strangers.
pub(super) fn all(places: &Places, objects: &Objects) -> Result<Vec<Subject>> {
    let mut found = photographs(&places.packaged.join("photographs"), &places.masks)?;
    for folder in &places.photos {
        found.extend(photographs(&folder.join("set"), &folder.join("masks"))?);
    }
    // The same photograph may be in several folders.
    let mut seen = BTreeSet::new();
    found.retain(|subject| subject.photograph.as_ref().is_none_or(|whole| seen.insert(whole.as_raw().clone())));
    for (split, stranger) in [(Split::HeldOut, false), (Split::Train, true)] {
        for object in objects.of(&[split]) {
            let picture = image::open(&object.file)?.to_rgba8();
            found.push(Subject { cutout: fitted(&picture, SIDE)?, photograph: None, stranger });
        }
    }
    Ok(found)
}

/// The photographs of a folder that have a mask.
fn photographs(folder: &Path, masks: &Path) -> Result<Vec<Subject>> {
    let mut found = vec![];
    for file in files(folder)? {
        let mask = masks.join(file.with_extension("png").file_name().unwrap_or_default());
        if !mask.is_file() {
            continue;
        }
        let (whole, mask) = (opened(&file)?, image::open(&mask)?.to_luma8());
        ensure!(whole.dimensions() == mask.dimensions(), "{} and its mask differ in size", file.display());
        let mut cutout = whole.clone();
        cutout.pixels_mut().zip(mask.pixels()).for_each(|(pixel, mask)| pixel[3] = mask[0]);
        found.push(Subject { cutout: fitted(&cutout, SIDE)?, photograph: Some(whole), stranger: false });
    }
    Ok(found)
}

/// The pictures of a folder.
pub(super) fn pictures(folder: &Path) -> Result<Vec<RgbaImage>> {
    files(folder)?.iter().map(|file| opened(file)).collect()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    Ok(files)
}

fn opened(file: &Path) -> Result<RgbaImage> {
    Ok(image::open(file).with_context(|| format!("cannot read {}", file.display()))?.to_rgba8())
}

/// Cropped to what can be seen, its longer side at most so long.
pub(super) fn fitted(picture: &RgbaImage, side: u32) -> Result<RgbaImage> {
    let [mut left, mut top, mut right, mut bottom] = [u32::MAX, u32::MAX, 0, 0];
    for (x, y, _) in picture.enumerate_pixels().filter(|(_, _, pixel)| pixel[3] > SEEN) {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    ensure!(left < right, "nothing can be seen");
    let own = crop_imm(picture, left, top, right - left, bottom - top).to_image();
    let scale = side as f32 / own.width().max(own.height()) as f32;
    if scale >= 1.0 {
        return Ok(own);
    }
    let [width, height] = [own.width(), own.height()].map(|length| ((length as f32 * scale).round() as u32).max(1));
    Ok(resize_rgba(&own, width, height)?)
}
