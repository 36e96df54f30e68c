//! Sets a placed subject, and a render that was drawn, into the extreme shapes of the catalogue and lays them out on one
//! sheet, so that people can see whether anything is stretched, cut or badly continued: `shapes OUT_DIR [RENDER]…`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use cavendish_imaging::image::{Rgb, RgbImage, imageops};
use cavendish_imaging::{
    Backdrop, Cutout, CutoutHint, Limits, Placement, compose, cutout, decode, fit, resize_rgb, subject_box,
};
use cavendish_specs::Catalogue;

const SHAPES: [&str; 10] = [
    "linkedin-landscape",
    "ratio-8x1-1k",
    "ratio-1x8-1k",
    "iab-mobile-banner",
    "iab-leaderboard",
    "iab-skyscraper",
    "google-pmax-logo",
    "ratio-21x9-1k",
    "meta-reels",
    "amazon-main",
];
/// Longest side of a picture on the sheet, pixels.
const LONGEST: f32 = 560.0;
const GAP: u32 = 16;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let out = arguments.next().context("usage: shapes OUT_DIR [RENDER]…")?;
    std::fs::create_dir_all(&out)?;
    let mut renders = vec![("studio".to_owned(), studio(256)), ("scene".to_owned(), scene(320))];
    for file in arguments {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        renders.push((name, decode(&std::fs::read(&file)?, &Limits::default())?.to_rgb()));
    }
    for (name, render) in &renders {
        let fitted = SHAPES.map(|id| drawn(render, id).with_context(|| format!("{name} as {id}")));
        sheet(&fitted.into_iter().collect::<anyhow::Result<Vec<_>>>()?, &out.join(format!("{name}-drawn.png")))?;
    }
    let subject = subject(&renders[0].1)?;
    let placed = SHAPES.map(|id| placed(&subject, id).with_context(|| format!("placed as {id}")));
    sheet(&placed.into_iter().collect::<anyhow::Result<Vec<_>>>()?, &out.join("placed.png"))
}

fn drawn(render: &RgbImage, id: &str) -> anyhow::Result<RgbImage> {
    let spec = Catalogue::builtin().get(id)?;
    let (w, h) = (spec.size.width, spec.size.height);
    let fitted = fit(render, w, h, None, Some(spec.safe_area(w, h)))?;
    println!("{id}: {:?}, scale {:.2}, subject {:?}", fitted.mode, fitted.scale, fitted.subject);
    small(&fitted.image)
}

fn placed(subject: &Cutout, id: &str) -> anyhow::Result<RgbImage> {
    let spec = Catalogue::builtin().get(id)?;
    let (w, h) = (spec.size.width, spec.size.height);
    let fill = spec.fill.map_or(0.72, |fill| fill.target);
    let placement = Placement { fill, safe: Some(spec.safe_area(w, h)), ..Placement::default() };
    let white = spec.fill.is_some();
    let backdrop = if white { Backdrop::white() } else { Backdrop::warm() };
    let scene = compose(w, h, &backdrop, subject, &placement)?;
    println!("{id}: placed, scale {:.2}, subject {:?}", scene.scale, scene.subject);
    small(&scene.image)
}

fn small(image: &RgbImage) -> anyhow::Result<RgbImage> {
    let scale = (LONGEST / image.width().max(image.height()) as f32).min(1.0);
    let side = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    Ok(resize_rgb(image, side(image.width()), side(image.height()))?)
}

/// All pictures in rows, on grey.
fn sheet(pictures: &[RgbImage], file: &Path) -> anyhow::Result<()> {
    const WIDE: u32 = 1800;
    let (mut places, mut x, mut y, mut tallest) = (vec![], GAP, GAP, 0);
    for picture in pictures {
        if x + picture.width() + GAP > WIDE {
            (x, y, tallest) = (GAP, y + tallest + GAP, 0);
        }
        places.push((x, y));
        x += picture.width() + GAP;
        tallest = tallest.max(picture.height());
    }
    let mut sheet = RgbImage::from_pixel(WIDE, y + tallest + GAP, Rgb([120; 3]));
    for (picture, (x, y)) in pictures.iter().zip(places) {
        imageops::replace(&mut sheet, picture, x.into(), y.into());
    }
    sheet.save(file).with_context(|| file.display().to_string())
}

fn subject(render: &RgbImage) -> anyhow::Result<Cutout> {
    anyhow::ensure!(subject_box(render)?.is_some(), "no subject stands out");
    let mut png = std::io::Cursor::new(vec![]);
    render.write_to(&mut png, cavendish_imaging::image::ImageFormat::Png)?;
    Ok(cutout(&decode(png.get_ref(), &Limits::default())?, &CutoutHint::default())?)
}

/// A two-coloured tin before a plain backdrop with a vignette, as the default model draws.
fn studio(side: u32) -> RgbImage {
    let s = side as f32;
    RgbImage::from_fn(side, side, |x, y| {
        let (u, v) = (x as f32 / s * 2.0 - 1.0, y as f32 / s * 2.0 - 1.0);
        let light = 1.0 - 0.14 * (u * u + v * v);
        let colour = match (u.abs() < 0.36 && v.abs() < 0.56, v.abs() < 0.2) {
            (true, true) => [236.0, 224.0, 190.0].map(|c| c * (1.1 - 0.8 * (u + 0.1).abs())),
            (true, false) => [190.0, 60.0, 44.0].map(|c| c * (1.1 - 0.8 * (u + 0.1).abs())),
            _ => [120.0, 186.0, 222.0].map(|c| c * light),
        };
        Rgb(colour.map(|c: f32| c.clamp(0.0, 255.0) as u8))
    })
}

/// A ball on a table before a wall: nothing that could be continued as one colour.
fn scene(side: u32) -> RgbImage {
    let s = side as f32;
    RgbImage::from_fn(side, side, |x, y| {
        let (u, v) = (x as f32 / s * 2.0 - 1.0, y as f32 / s * 2.0 - 1.0);
        let grain = ((x as f32 * 0.11 + (v * 60.0).sin() * 2.0).sin() + (v * 140.0).sin()) * 9.0;
        let near = u * u + (v - 0.1) * (v - 0.1) < 0.16;
        let colour = match (near, v > 0.15) {
            (true, _) => [60.0, 150.0 - 60.0 * v, 110.0].map(|c| c * (1.1 - 0.5 * (u + 0.15).abs())),
            (_, true) => [150.0 + grain, 104.0 + grain, 66.0 + grain],
            _ => [196.0 - 30.0 * u, 188.0 + grain * 0.4, 172.0],
        };
        Rgb(colour.map(|c: f32| c.clamp(0.0, 255.0) as u8))
    })
}
