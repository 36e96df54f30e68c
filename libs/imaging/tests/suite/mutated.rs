//! Two hundred broken copies of a good file of every kind: refused with a reason, or the picture that the good file holds.
//!
//! A copy that is taken is held against the good picture block by block. Formats that carry checksums (PNG, zlib in TIFF)
//! may not differ at all. In the others a flipped bit in the entropy-coded data can give another valid picture that nothing
//! could tell from a true one: these are counted, and there may be few. Blocks that are flat, though the good picture has
//! detail everywhere, are missing parts, of which there may be none beyond what one wrong bit can flatten.

use cavendish_imaging::image::codecs::tiff::TiffEncoder;
use cavendish_imaging::image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};
use cavendish_imaging::{Format, Limits, Metadata, Target, decode, encode};
use jpeg_encoder::{ColorType, Encoder};

use crate::samples::{Dice, busy, file};

const SIDE: u32 = 96;
/// Pixels of a side of the blocks that are compared.
const BLOCK: u32 = 16;
const COPIES: usize = 200;

/// What one kind of file came to.
#[derive(Debug, Default)]
struct Tally {
    refused: usize,
    same: usize,
    /// Another picture, no part of which is missing.
    other: usize,
    /// A picture with flat blocks.
    holes: usize,
}

fn jpeg(kind: ColorType, progressive: bool) -> Vec<u8> {
    let image = busy(SIDE, SIDE);
    let pixels = match kind {
        ColorType::Cmyk | ColorType::CmykAsYcck => image.pixels().flat_map(|p| [p.0[0], p.0[1], p.0[2], 20]).collect(),
        _ => image.into_raw(),
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_progressive(progressive);
    encoder.encode(&pixels, SIDE as u16, SIDE as u16, kind).unwrap();
    bytes
}

fn tiff() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    TiffEncoder::new(&mut out).write_image(busy(SIDE, SIDE).as_raw(), SIDE, SIDE, ExtendedColorType::Rgb8).unwrap();
    out.into_inner()
}

/// One flipped bit, a cut, a splice, a wrong length or a run of zeros.
fn broken(whole: &[u8], dice: &mut Dice, kind: usize) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let at = dice.roll(bytes.len());
    match kind % 5 {
        0 => bytes[at] ^= 1 << dice.roll(8),
        1 => bytes.truncate(at.max(1)),
        2 => {
            let end = (at + 1 + dice.roll(60)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let head = dice.roll(bytes.len().min(600));
            bytes[head] = dice.roll(256) as u8;
        }
        _ => bytes.iter_mut().skip(at).take(40).for_each(|byte| *byte = 0),
    }
    bytes
}

/// Blocks that are flat, though those of the good picture are not.
fn flat_blocks(image: &RgbImage) -> usize {
    let places = (0..SIDE / BLOCK).flat_map(|y| (0..SIDE / BLOCK).map(move |x| (x * BLOCK, y * BLOCK)));
    let is_flat = |(left, top): (u32, u32)| {
        let first = image.get_pixel(left, top);
        let pixels = (0..BLOCK * BLOCK).map(|i| image.get_pixel(left + i % BLOCK, top + i / BLOCK));
        pixels.into_iter().all(|pixel| pixel.0.iter().zip(first.0).all(|(a, b)| a.abs_diff(b) < 3))
    };
    places.filter(|place| is_flat(*place)).count()
}

fn tally(whole: &[u8]) -> Tally {
    let limits = Limits { max_pixels: 4_000_000, max_alloc: 128 << 20, ..Limits::default() };
    let good = decode(whole, &limits).unwrap().to_rgb();
    assert_eq!(flat_blocks(&good), 0, "the good picture has detail everywhere");
    let mut dice = Dice(whole.len() as u64);
    let mut tally = Tally::default();
    for copy in 0..COPIES {
        match decode(&broken(whole, &mut dice, copy), &limits) {
            Err(error) => {
                let error = error.of_field("subjects[0].references[0]");
                assert!(error.to_string().len() > "subjects[0].references[0]: ".len());
                tally.refused += 1;
            }
            Ok(picture) => {
                let picture = picture.to_rgb();
                if picture.dimensions() != good.dimensions() {
                    tally.other += 1;
                } else if picture.as_raw().iter().zip(good.as_raw()).all(|(a, b)| a.abs_diff(*b) <= 2) {
                    tally.same += 1;
                } else if flat_blocks(&picture) > 0 {
                    tally.holes += 1;
                } else {
                    tally.other += 1;
                }
            }
        }
    }
    tally
}

#[test]
fn two_hundred_broken_copies_of_every_kind_are_refused_or_read_right() {
    let rgb: DynamicImage = busy(SIDE, SIDE).into();
    let written = |format| encode(&busy(SIDE, SIDE), &Target::of(format), &Metadata::default()).unwrap().bytes;
    let heic = include_bytes!("../data/busy.heic").to_vec();
    // Which of them may come to another picture, of two hundred: what no checksum guards. The coder of WebP takes forty zeros
    // in a row for a flat block.
    let mut failed = false;
    for (name, whole, other) in [
        ("PNG", file(&rgb, ImageFormat::Png), 0),
        ("JPEG", jpeg(ColorType::Rgb, false), 60),
        ("progressive JPEG", jpeg(ColorType::Rgb, true), 80),
        ("CMYK JPEG", jpeg(ColorType::Cmyk, false), 60),
        ("YCCK JPEG", jpeg(ColorType::CmykAsYcck, false), 75),
        ("lossless WebP", file(&rgb, ImageFormat::WebP), 110),
        ("WebP", written(Format::Webp), 80),
        ("AVIF", written(Format::Avif), 0),
        ("HEIC", heic, 90),
        ("GIF", file(&rgb, ImageFormat::Gif), 100),
        ("TIFF", tiff(), 120),
        ("zipped TIFF", written(Format::Tiff), 20),
    ] {
        let tally = tally(&whole);
        eprintln!("{name}, {} bytes: {tally:?}", whole.len());
        failed |= tally.holes > usize::from(name == "WebP") || tally.other > other;
    }
    assert!(!failed, "see above");
}
