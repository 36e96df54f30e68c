//! What a mark survives, what it leaves alone, and where it is not seen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{
    Format, Limits, Marking, Metadata, OutputProfile, Quality, Target, crop, decode, encode, resize_rgb,
};
use cavendish_provenance::{Key, Watermark, inspect};

const PAYLOAD: u64 = 0x0123_4567_89ab_cdef;

/// Grain of a fixed seed, 0..=1 at every place.
fn grain(x: u32, y: u32) -> f32 {
    let mixed = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d);
    (mixed ^ mixed >> 15).wrapping_mul(0x27d4_eb2f) as f32 / u32::MAX as f32
}

fn picture(width: u32, height: u32, level: impl Fn(f32, f32, f32) -> f32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let level = level(x as f32 / width as f32, y as f32 / height as f32, grain(x, y));
        Rgb([level, 0.9 * level + 8.0, 0.8 * level + 16.0].map(|value| value as u8))
    })
}

/// A smooth sweep, waves, grain, and a product before a plain backdrop.
fn pictures() -> [(&'static str, RgbImage); 4] {
    let product = |u: f32, v: f32, grain: f32| match (u - 0.5).hypot(v - 0.5) < 0.3 {
        true => 150.0 - 60.0 * v + 12.0 * grain,
        false => 225.0 - 20.0 * v,
    };
    [
        ("sweep", picture(1200, 1200, |u, v, _| 60.0 + 120.0 * u + 40.0 * v)),
        ("waves", picture(800, 1000, |u, v, _| 128.0 + 60.0 * (40.0 * u * (1.0 + v)).sin() * (25.0 * v).cos())),
        ("grain", picture(1000, 640, |_, _, grain| 90.0 + 70.0 * grain)),
        ("product", picture(900, 900, product)),
    ]
}

/// A grey disc on pure white.
fn packshot() -> RgbImage {
    RgbImage::from_fn(1000, 1000, |x, y| {
        let inside = (x as f32 - 500.0).hypot(y as f32 - 500.0) < 400.0;
        if inside { Rgb([(100.0 + 80.0 * grain(x / 3, y / 3)) as u8; 3]) } else { Rgb([255; 3]) }
    })
}

fn jpeg(image: &RgbImage) -> RgbImage {
    let file = encode(image, &Target::of(Format::Jpeg).at(Quality { min: 75, max: 75 }), &Metadata::default()).unwrap();
    decode(&file.bytes, &Limits::default()).unwrap().to_rgb()
}

fn half(image: &RgbImage) -> RgbImage {
    resize_rgb(image, image.width() / 2, image.height() / 2).unwrap()
}

/// Less a tenth of both sides, taken off unevenly.
fn cropped(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    crop(image, width / 33, height / 14, width - width / 10, height - height / 10).unwrap()
}

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let squares: f64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.as_raw().len() as f64 / squares).log10()
}

#[test]
fn a_mark_survives_jpeg_half_the_size_and_a_crop_alone_and_together() {
    let watermark = Watermark::new(&Key::default());
    for (name, image) in pictures() {
        let mut marked = image.clone();
        watermark.embed(&mut marked, PAYLOAD).unwrap();
        let ratio = psnr(&image, &marked);
        assert!(ratio >= 42.0, "{name}: {ratio:.1} dB");
        let attacked = [
            ("nothing", marked.clone()),
            ("JPEG", jpeg(&marked)),
            ("half", half(&marked)),
            ("crop", cropped(&marked)),
            ("all", jpeg(&half(&cropped(&marked)))),
        ];
        for (attack, image) in attacked {
            let found = watermark.detect(&image).unwrap();
            assert_eq!(found.map(|found| found.payload), Some(PAYLOAD), "{name} after {attack}");
        }
    }
}

#[test]
fn pure_white_stays_white_and_the_product_is_marked() {
    let watermark = Watermark::new(&Key::default());
    let image = packshot();
    let mut marked = image.clone();
    watermark.embed(&mut marked, PAYLOAD).unwrap();
    for (before, after) in image.pixels().zip(marked.pixels()) {
        assert!(before.0 != [255; 3] || after == before);
    }
    let file = jpeg(&marked);
    assert!((0..1000).all(|at| file.get_pixel(at, 20).0 == [255; 3]), "JPEG carries nothing into white");
    assert_eq!(watermark.detect(&file).unwrap().map(|found| found.payload), Some(PAYLOAD));
}

#[test]
fn what_has_no_room_is_left_alone() {
    let watermark = Watermark::new(&Key::default());
    for side in [1, 7, 300] {
        let mut white = RgbImage::from_pixel(side, side, Rgb([255; 3]));
        watermark.embed(&mut white, PAYLOAD).unwrap();
        assert!(white.as_raw().iter().all(|value| *value == 255));
        assert_eq!(watermark.detect(&white).unwrap(), None);
    }
}

#[test]
fn nothing_is_seen_without_a_mark_or_without_its_key() {
    let watermark = Watermark::new(&Key::default());
    for (name, image) in pictures() {
        assert_eq!(watermark.detect(&image).unwrap(), None, "{name}");
    }
    let [_, (_, mut image), ..] = pictures();
    Watermark::new(&Key::new("somebody else's")).embed(&mut image, PAYLOAD).unwrap();
    assert_eq!(watermark.detect(&image).unwrap(), None);
}

#[test]
fn the_same_picture_is_marked_the_same() {
    let [(_, image), ..] = pictures();
    let marked = [(); 2].map(|()| {
        let mut image = image.clone();
        Watermark::new(&Key::default()).embed(&mut image, PAYLOAD).unwrap();
        image
    });
    assert!(marked[0] == marked[1] && marked[0] != image);
}

#[test]
fn a_file_tells_its_marks() {
    let watermark = Watermark::new(&Key::default());
    let [.., (_, mut image)] = pictures();
    watermark.embed(&mut image, PAYLOAD).unwrap();
    let metadata = Metadata { marking: Some(Marking::Composite), job: Some("a job".into()), ..Metadata::default() };
    let screens = [Format::Jpeg, Format::Png, Format::Webp, Format::Avif].map(Target::of);
    let press = |format| Target { profile: OutputProfile::coated(), ..Target::of(format) };
    for target in screens.into_iter().chain([press(Format::Tiff), press(Format::Pdf)]) {
        let (format, file) = (target.format, encode(&image, &target, &metadata).unwrap());
        let told = inspect(&file.bytes, &watermark, None).unwrap();
        assert_eq!(told.watermark.payload.as_deref(), Some("0123456789abcdef"), "{format:?}");
        assert_eq!((told.xmp.marking.as_deref(), told.xmp.job.as_deref()), (Some("composite"), Some("a job")));
        assert!(told.is_marked());
    }
    let [(_, plain), ..] = pictures();
    let file = encode(&plain, &Target::of(Format::Png), &Metadata::default()).unwrap();
    assert!(!inspect(&file.bytes, &watermark, None).unwrap().is_marked());
    assert!(inspect(b"no picture", &watermark, None).is_err());
}
