//! Measures the watermark: what it survives, what it costs, and how often it is seen where none is.
//!
//! `cargo run --example watermark -- [FOLDER…]` takes every picture in the folders, besides drawn ones.

use anyhow::Result;
use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Limits, Metadata, Quality, Target, crop, decode, encode, resize_rgb};
use cavendish_provenance::{Key, Watermark};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pictures that robustness is measured on have a longest side of at least this many pixels.
const LEAST: u32 = 600;

/// Larger pictures are brought to this many pixels.
const MOST: u32 = 1600;

type Attack = (&'static str, fn(&RgbImage) -> Result<RgbImage>);

const ATTACKS: [Attack; 10] = [
    ("nothing", |image| Ok(image.clone())),
    ("JPEG 75", |image| jpeg(image, 75)),
    ("JPEG 50", |image| jpeg(image, 50)),
    ("0.5×", half),
    ("crop 10 %", cropped),
    ("0.5×, JPEG 75", |image| jpeg(&half(image)?, 75)),
    ("crop 10 %, JPEG 75", |image| jpeg(&cropped(image)?, 75)),
    ("crop 10 %, 0.5×", |image| half(&cropped(image)?)),
    ("crop 10 %, 0.5×, JPEG 75", |image| jpeg(&half(&cropped(image)?)?, 75)),
    ("1.5×, JPEG 75", |image| jpeg(&resize_rgb(image, image.width() * 3 / 2, image.height() * 3 / 2)?, 75)),
];

fn main() -> Result<()> {
    let mut files = Vec::new();
    std::env::args().skip(1).try_for_each(|folder| list(Path::new(&folder), &mut files))?;
    let read = |file: &PathBuf| usual(&decode(&std::fs::read(file).ok()?, &Limits::default()).ok()?.to_rgb()).ok();
    let watermark = Watermark::new(&Key::default());
    let mut tally = Tally::default();
    for image in (0..24).map(drawn).chain(files.iter().filter_map(read)) {
        tally.unmarked(&watermark, &image)?;
        if image.width().max(image.height()) >= LEAST {
            tally.marked(&watermark, image)?;
        }
    }
    tally.tell();
    Ok(())
}

#[derive(Default)]
struct Tally {
    unmarked: u32,
    false_positives: u32,
    search: Duration,
    marked: u32,
    psnr: Vec<f64>,
    embedding: Duration,
    pixels: u64,
    found: [(u32, u32, f32); ATTACKS.len()],
}

impl Tally {
    fn unmarked(&mut self, watermark: &Watermark, image: &RgbImage) -> Result<()> {
        let began = Instant::now();
        let found = watermark.detect(image)?;
        self.search += began.elapsed();
        self.unmarked += 1;
        self.false_positives += u32::from(found.is_some());
        Ok(())
    }

    fn marked(&mut self, watermark: &Watermark, image: RgbImage) -> Result<()> {
        let payload = 0x9e37_79b9_7f4a_7c15 ^ u64::from(self.marked);
        let (mut marked, began) = (image.clone(), Instant::now());
        watermark.embed(&mut marked, payload)?;
        self.embedding += began.elapsed();
        self.pixels += u64::from(image.width()) * u64::from(image.height());
        self.marked += 1;
        self.psnr.push(psnr(&image, &marked));
        for ((_, attack), (right, wrong, scores)) in ATTACKS.iter().zip(&mut self.found) {
            if let Some(found) = watermark.detect(&attack(&marked)?)? {
                *right += u32::from(found.payload == payload);
                *wrong += u32::from(found.payload != payload);
                *scores += found.score;
            }
        }
        Ok(())
    }

    fn tell(mut self) {
        self.psnr.sort_by(f64::total_cmp);
        println!("unmarked: {} pictures, {} found", self.unmarked, self.false_positives);
        println!("searching an unmarked picture: {:.0} ms", ms(self.search) / f64::from(self.unmarked.max(1)));
        println!("marked: {} pictures of {LEAST} px or more", self.marked);
        println!("embedding: {:.0} ms per megapixel", ms(self.embedding) / (self.pixels as f64 / 1e6));
        let (least, middle) = (self.psnr.first(), self.psnr.get(self.psnr.len() / 2));
        println!("PSNR: least {:.1} dB, median {:.1} dB", least.unwrap_or(&0.0), middle.unwrap_or(&0.0));
        for ((name, _), (right, wrong, scores)) in ATTACKS.iter().zip(self.found) {
            let share = 100.0 * f64::from(right) / f64::from(self.marked.max(1));
            println!(
                "{name:26} {share:5.1} % read, {wrong} misread, mean score {:.1}",
                scores / (right + wrong).max(1) as f32
            );
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let kind = entry.extension().and_then(|kind| kind.to_str()).unwrap_or_default().to_ascii_lowercase();
        if entry.is_dir() {
            list(&entry, files)?;
        } else if ["jpg", "jpeg", "png", "webp"].contains(&kind.as_str()) {
            files.push(entry);
        }
    }
    Ok(())
}

fn jpeg(image: &RgbImage, quality: u8) -> Result<RgbImage> {
    let file =
        encode(image, &Target::of(Format::Jpeg).at(Quality { min: quality, max: quality }), &Metadata::default())?;
    Ok(decode(&file.bytes, &Limits::default())?.to_rgb())
}

/// No longer than finished files usually are.
fn usual(image: &RgbImage) -> Result<RgbImage> {
    let scale = (f64::from(MOST) / f64::from(image.width().max(image.height()))).min(1.0);
    let side = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
    Ok(resize_rgb(image, side(image.width()), side(image.height()))?)
}

fn half(image: &RgbImage) -> Result<RgbImage> {
    Ok(resize_rgb(image, image.width() / 2, image.height() / 2)?)
}

/// Less a tenth of each side, taken off unevenly.
fn cropped(image: &RgbImage) -> Result<RgbImage> {
    let (width, height) = image.dimensions();
    let side = |n: u32| n - n / 10;
    Ok(crop(image, width / 33, height / 14, side(width), side(height))?)
}

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let squares: f64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.as_raw().len() as f64 / squares.max(1e-9)).log10()
}

/// Gradients, waves, grain and discs in turn, of several sizes.
fn drawn(number: u32) -> RgbImage {
    let (width, height) = [(1200, 1200), (1080, 1920), (1200, 628), (800, 800)][number as usize / 4 % 4];
    let mut state = u64::from(number) + 1;
    let mut grain = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as f32
    };
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let level = match number % 4 {
            0 => 60.0 + 120.0 * u + 40.0 * v,
            1 => 128.0 + 60.0 * (40.0 * u * (1.0 + v)).sin() * (25.0 * v).cos(),
            2 => 100.0 + 0.3 * grain(),
            _ if (u - 0.5).hypot(v - 0.5) < 0.3 => 150.0 - 60.0 * v + 0.05 * grain(),
            _ => 225.0 - 20.0 * v,
        };
        Rgb([level, level * 0.9 + 10.0, level * 0.8 + 30.0].map(|value| value as u8))
    })
}
