use anyhow::{Context, Result, ensure};
use cavendish_renderer::PixelsAlpha;
use image::imageops::FilterType;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Sides of the copies of an object, large to small: drawing takes the one that needs the least reduction.
const SIDES: [u32; 3] = [128, 64, 32];

/// Emoji groups of things that can be photographed: animals and nature, food and drink, places, activities, objects.
const NAMED_GROUPS: [u32; 5] = [3, 4, 5, 6, 7];

/// What an object is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// Networks learn from it, the model by its name.
    Train,
    /// No network learns from it: quality is measured with it.
    HeldOut,
}

/// A rendered object with true alpha.
pub(crate) struct Object {
    /// Its name in lower case, for captions.
    pub(crate) name: String,
    pub(crate) split: Split,
    /// The picture that it was read from.
    pub(crate) file: PathBuf,
    mips: Vec<Mip>,
}

/// A square copy of an object, cropped to what can be seen of it.
pub(crate) struct Mip {
    pub(crate) side: u32,
    /// Premultiplied RGBA within 0..=1.
    pub(crate) pixels: Vec<[f32; 4]>,
}

impl Object {
    /// The copy to draw at `side` pixels: the smallest that is no smaller.
    pub(crate) fn mip(&self, side: f32) -> &Mip {
        self.mips.iter().rev().find(|mip| mip.side as f32 >= side).unwrap_or(&self.mips[0])
    }

    /// The object alone, about so large.
    pub(crate) fn pixels(&self, side: f32) -> PixelsAlpha {
        let mip = self.mip(side);
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        let straight = |[r, g, b, a]: &[f32; 4]| {
            let by = a.max(1e-6);
            [byte(r / by), byte(g / by), byte(b / by), byte(*a)]
        };
        PixelsAlpha { width: mip.side, height: mip.side, rgba: mip.pixels.iter().flat_map(straight).collect() }
    }
}

/// An entry of emojibase's `data.json`.
#[derive(Deserialize)]
struct Entry {
    label: String,
    hexcode: String,
    group: Option<u32>,
}

/// All objects, in the order of their code points.
pub(crate) struct Objects {
    all: Vec<Object>,
    always: BTreeSet<String>,
}

impl Objects {
    /// Reads pictures (`CODE.webp`) and names (emojibase `data.json`). `always` names objects that are never held out.
    pub(crate) fn read(pictures: &Path, names: &Path, always: &BTreeSet<String>) -> Result<Self> {
        let text = std::fs::read(names).with_context(|| format!("cannot read {}", names.display()))?;
        let mut entries: Vec<Entry> = serde_json::from_slice(&text).context("names of objects")?;
        entries.sort_by(|a, b| a.hexcode.cmp(&b.hexcode));
        let mut objects = Vec::new();
        for Entry { label, hexcode, group } in entries {
            let file = pictures.join(format!("{}.webp", hexcode.to_lowercase()));
            let Some(split) = group.and_then(|group| split(&label, &hexcode, group, always)) else { continue };
            if !file.is_file() {
                continue;
            }
            let picture = image::open(&file).with_context(|| format!("cannot read {}", file.display()))?.to_rgba8();
            objects.push(Object { name: label.to_lowercase(), split, file, mips: mips(&picture) });
        }
        ensure!(objects.len() > 100, "{} holds only {} objects", pictures.display(), objects.len());
        Ok(Self { all: objects, always: always.clone() })
    }

    /// Whether the object of this name is never held out.
    pub(crate) fn is_always(&self, name: &str) -> bool {
        self.always.contains(name)
    }

    /// Those of the given kinds.
    pub(crate) fn of(&self, splits: &[Split]) -> Vec<&Object> {
        self.all.iter().filter(|object| splits.contains(&object.split)).collect()
    }
}

/// A fifth of the named objects is held out, by code point, so that it stays the same fifth.
fn split(label: &str, hexcode: &str, group: u32, always: &BTreeSet<String>) -> Option<Split> {
    if !NAMED_GROUPS.contains(&group) {
        return None;
    }
    let hash = hexcode.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let held = (hash >> 8) % 5 == 0 && !always.contains(&label.to_lowercase());
    Some(if held { Split::HeldOut } else { Split::Train })
}

/// Crops to what can be seen, squares, and reduces.
fn mips(picture: &image::RgbaImage) -> Vec<Mip> {
    let seen = || picture.enumerate_pixels().filter(|(_, _, pixel)| pixel[3] > 16);
    let bound = |axis: fn((u32, u32)) -> u32| {
        let all = seen().map(|(x, y, _)| axis((x, y)));
        all.fold((u32::MAX, 0), |(low, high), at| (low.min(at), high.max(at)))
    };
    let ((left, right), (top, bottom)) = (bound(|at| at.0), bound(|at| at.1));
    let (width, height) = (right.saturating_sub(left) + 1, bottom.saturating_sub(top) + 1);
    let side = width.max(height);
    let mut square = image::Rgba32FImage::new(side, side);
    let (dx, dy) = ((side - width) / 2, (side - height) / 2);
    for (x, y, pixel) in seen() {
        let alpha = f32::from(pixel[3]) / 255.0;
        let premultiplied = |value: u8| f32::from(value) / 255.0 * alpha;
        let [r, g, b, _] = pixel.0;
        let value = image::Rgba([premultiplied(r), premultiplied(g), premultiplied(b), alpha]);
        square.put_pixel(x - left + dx, y - top + dy, value);
    }
    let reduce = |&side: &u32| {
        let small = image::imageops::resize(&square, side, side, FilterType::Triangle);
        Mip { side, pixels: small.pixels().map(|pixel| pixel.0).collect() }
    };
    SIDES.iter().map(reduce).collect()
}
