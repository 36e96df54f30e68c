//! The pictures by which the line knows named things, from the objects that models are trained with.

use crate::data::{Object, Objects, Split};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

/// Pixels along a side.
const SIDE: u32 = 96;
/// Of WebP, 0..=100.
const QUALITY: f32 = 88.0;
/// Scenes, and words that prompts mostly mean otherwise.
const NOT_MEANT: &[&str] = &[
    "bank",
    "bug",
    "camping",
    "cityscape",
    "cityscape at dusk",
    "construction",
    "cooking",
    "desert",
    "factory",
    "fly",
    "foggy",
    "ice",
    "landslide",
    "love hotel",
    "mate",
    "microbe",
    "mountain",
    "motorway",
    "national park",
    "night with stars",
    "pouring liquid",
    "railway track",
    "rock",
    "salt",
    "school",
    "seal",
    "station",
    "sunrise",
    "sunrise over mountains",
    "sunset",
    "train",
    "wedding",
    "wing",
    "wood",
];
/// What people say for some of them.
const ALSO: &[(&str, &str)] = &[
    ("airplane", "plane"),
    ("alarm clock", "clock"),
    ("automobile", "car"),
    ("bicycle", "bike"),
    ("birthday cake", "cake"),
    ("bell pepper", "pepper"),
    ("billed cap", "cap"),
    ("closed book", "book"),
    ("closed umbrella", "umbrella"),
    ("deciduous tree", "tree"),
    ("delivery truck", "truck"),
    ("doughnut", "donut"),
    ("ear of corn", "corn"),
    ("french fries", "fries"),
    ("green salad", "salad"),
    ("hamburger", "burger"),
    ("handbag", "bag"),
    ("hot beverage", "coffee"),
    ("mobile phone", "phone"),
    ("mobile phone", "smartphone"),
    ("potted plant", "plant"),
    ("red apple", "apple"),
    ("red paper lantern", "lantern"),
    ("running shoe", "shoe"),
    ("running shoe", "sneaker"),
    ("top hat", "hat"),
    ("wrapped gift", "gift"),
];

/// Writes a picture of every named object and their list to the folder `out`.
pub(crate) fn write(objects: &Objects, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    let meant: Vec<&Object> = objects
        .of(&[Split::Train, Split::HeldOut])
        .into_iter()
        .filter(|object| !NOT_MEANT.contains(&object.name.as_str()))
        .collect();
    let mut list =
        String::from("# What the line knows by sight: a picture for each name. Made by `cavendish-train known`.\n");
    for object in meant {
        let file = format!("{}.webp", object.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        std::fs::write(out.join(&file), picture(object)?)?;
        write!(list, "{:?} = {{ file = {file:?}", object.name)?;
        let also: Vec<&str> = ALSO.iter().filter(|(name, _)| *name == object.name).map(|(_, also)| *also).collect();
        if !also.is_empty() {
            write!(list, ", also = {also:?}")?;
        }
        list.push_str(" }\n");
    }
    std::fs::write(out.join("things.toml"), list).with_context(|| format!("cannot write to {}", out.display()))
}

fn picture(object: &Object) -> Result<Vec<u8>> {
    let pixels = object.pixels(SIDE as f32);
    let image = image::RgbaImage::from_raw(pixels.width, pixels.height, pixels.rgba).context("pixels are missing")?;
    let small = image::imageops::resize(&image, SIDE, SIDE, image::imageops::FilterType::CatmullRom);
    Ok(webp::Encoder::from_rgba(small.as_raw(), SIDE, SIDE).encode(QUALITY).to_vec())
}
