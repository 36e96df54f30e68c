//! What holds of every picture that type is set onto.

#![allow(clippy::unwrap_used)]

use cavendish_domain::{AdCopy, Brand};
use cavendish_specs::PixelBox;
use cavendish_typesetting::{BrandKit, Element, Fit, Fonts, Setting, TypeReport, locale};
use image::{Rgb, RgbImage};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

/// What `cargo xtask setup` fetched.
static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let cache = std::env::var_os("CAVENDISH_CACHE").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache")));
    Fonts::load(&cache.join("fonts")).unwrap()
});

fn copies() -> Vec<(&'static str, Value)> {
    let price = |currency: &str| json!({"amount": 1234.5, "currency": currency});
    vec![
        (
            "de-DE",
            json!({"headline": "Donaudampfschifffahrtsgesellschaftskapitän", "body": "Handgenäht und wetterfest.",
                         "price": price("EUR"), "cta": "Jetzt kaufen", "legal": "Inkl. MwSt."}),
        ),
        ("ar-EG", json!({"headline": "قهوة طازجة كل صباح", "price": price("EGP"), "cta": "اطلب الآن"})),
        ("th", json!({"headline": "กาแฟคั่วสดใหม่หอมกรุ่นทุกเช้า", "cta": "สั่งซื้อเลย"})),
        ("hi-IN", json!({"headline": "हर सुबह ताज़ी कॉफ़ी", "body": "छोटी खेपों में भुनी", "price": price("INR")})),
        ("ja-JP", json!({"headline": "毎朝の一杯を、もっとおいしく。", "legal": "※送料別"})),
        ("en-US", json!({"headline": "Wake up ☕🌅", "cta": "Go 👉"})),
    ]
}

const SIZES: [(u32, u32); 6] = [(540, 540), (300, 250), (628, 314), (270, 480), (728, 90), (160, 600)];

/// A background without any order: the worst that type can stand on.
fn noise(size: (u32, u32), lot: &mut ChaCha8Rng) -> RgbImage {
    RgbImage::from_fn(size.0, size.1, |_, _| Rgb(lot.random()))
}

fn set(image: &mut RgbImage, case: &(&str, Value), kit: &BrandKit, safe: [f32; 4], kept: &[PixelBox]) -> TypeReport {
    let copy: AdCopy = serde_json::from_value(case.1.clone()).unwrap();
    let locale = locale(Some(case.0)).unwrap();
    Setting::new(&copy, locale, None, kit.clone(), FONTS.clone()).unwrap().set(image, safe, kept)
}

fn meets(a: &PixelBox, b: &PixelBox) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

#[test]
fn what_is_left_to_the_locale_is_set_as_it_writes_it() {
    let set_as = |tag: &str, legal: &str| {
        let mut image = RgbImage::from_pixel(540, 540, Rgb([250; 3]));
        let copy = json!({"headline": "Mug", "legal": legal, "price": {"amount": 9.95, "currency": "EUR"}});
        let report = set(&mut image, &(tag, copy), &BrandKit::default(), [27.0, 27.0, 513.0, 513.0], &[]);
        assert!(report.elements.iter().all(|element| element.fit == Fit::Set), "{tag}: {report:?}");
        image
    };
    for (tag, written) in [
        ("de-DE", "24. Dezember 2026, 12.500 {x}: 9,95\u{a0}€"),
        ("fr-FR", "24 décembre 2026, 12\u{202f}500 {x}: 9,95\u{a0}€"),
        ("ar-EG", "٢٤ ديسمبر ٢٠٢٦, ١٢٬٥٠٠ {x}: \u{200f}٩٫٩٥\u{a0}€"),
    ] {
        let literal = written.replace('{', "{{").replace('}', "}}");
        let left = set_as(tag, "{date:2026-12-24}, {number:12500} {{x}}: {price}");
        assert!(left == set_as(tag, &literal), "{tag}");
    }
}

#[test]
fn type_stays_in_the_safe_area_and_off_the_subject_wherever_that_is() {
    let mut lot = ChaCha8Rng::seed_from_u64(1);
    for case in copies() {
        for size in SIZES {
            let part = |lot: &mut ChaCha8Rng, side: u32| {
                let from = lot.random_range(0..side / 2);
                (from, lot.random_range(1..side - from))
            };
            let ((x, width), (y, height)) = (part(&mut lot, size.0), part(&mut lot, size.1));
            let subject = PixelBox { x, y, width, height };
            let safe = [size.0 as f32 * 0.05, size.1 as f32 * 0.1, size.0 as f32 * 0.95, size.1 as f32 * 0.9];
            let before = noise(size, &mut lot);
            let mut image = before.clone();
            let report = set(&mut image, &case, &BrandKit::default(), safe, &[subject]);
            for bounds in report.elements.iter().filter_map(|element| element.bounds) {
                let [left, top, right, bottom] = safe;
                assert!(bounds.x as f32 >= left && bounds.y as f32 >= top, "{report:?}");
                assert!((bounds.x + bounds.width) as f32 <= right && (bounds.y + bounds.height) as f32 <= bottom);
                assert!(!meets(&bounds, &subject), "{report:?} over {subject:?}");
            }
            for (at_x, at_y, pixel) in before.enumerate_pixels() {
                if meets(&PixelBox { x: at_x, y: at_y, width: 1, height: 1 }, &subject) {
                    assert_eq!(image.get_pixel(at_x, at_y), pixel, "the subject's pixels are its own");
                }
            }
        }
    }
}

#[test]
fn type_can_be_read_on_anything() {
    let mut lot = ChaCha8Rng::seed_from_u64(2);
    let grey = Brand { text_colours: vec!["#808080".into()], accent: Some("#777777".into()), ..Brand::default() };
    for kit in [BrandKit::default(), BrandKit::from(grey)] {
        for case in copies() {
            let mut image = noise((540, 540), &mut lot);
            let report = set(&mut image, &case, &kit, [0.0, 0.0, 540.0, 540.0], &[]);
            for element in report.elements.iter().filter(|element| element.contrast.is_some()) {
                assert_eq!(element.fit, Fit::Set);
                assert!(element.contrast >= element.required, "{element:?}");
            }
        }
    }
}

#[test]
fn the_contrast_is_that_of_the_pixels() {
    for (background, brand, wanted) in [(255u8, "#767676", 4.54), (0, "#ffffff", 21.0)] {
        let brand = Brand { text_colours: vec![brand.into()], ..Brand::default() };
        let mut image = RgbImage::from_pixel(540, 540, Rgb([background; 3]));
        let case = ("en", json!({"headline": "Hill", "body": "Small and plain"}));
        let report = set(&mut image, &case, &BrandKit::from(brand), [0.0, 0.0, 540.0, 540.0], &[]);
        let body = report.element(Element::Body).unwrap();
        let bounds = body.bounds.unwrap();
        let pixels = || {
            let within = |x: u32, y: u32| meets(&PixelBox { x, y, width: 1, height: 1 }, &bounds);
            image.enumerate_pixels().filter(move |(x, y, _)| within(*x, *y)).map(|(_, _, pixel)| relative(pixel.0[0]))
        };
        let (dark, light) = (pixels().fold(1.0, f32::min), pixels().fold(0.0, f32::max));
        let measured = (light + 0.05) / (dark + 0.05);
        assert!((measured - wanted).abs() < 0.02, "{measured}");
        assert!((measured - body.contrast.unwrap()).abs() < 0.02, "{body:?}");
        assert_eq!(body.scrim, None);
    }
}

fn relative(value: u8) -> f32 {
    let share = f32::from(value) / 255.0;
    if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
}

#[test]
fn what_has_no_room_is_left_out_and_said_so() {
    let before = RgbImage::from_pixel(540, 540, Rgb([200; 3]));
    let mut image = before.clone();
    let everything = PixelBox { x: 0, y: 0, width: 540, height: 540 };
    let report = set(&mut image, &copies()[0], &BrandKit::default(), [0.0, 0.0, 540.0, 540.0], &[everything]);
    assert!(report.elements.len() == 5 && report.elements.iter().all(|element| element.fit == Fit::DidNotFit));
    assert_eq!(image, before);
    let long = ("en", json!({"headline": "W".repeat(120), "cta": "Go"}));
    let report = set(&mut image, &long, &BrandKit::default(), [0.0, 0.0, 540.0, 540.0], &[]);
    let fits = [Element::Headline, Element::Cta].map(|element| report.element(element).unwrap().fit);
    assert_eq!(fits, [Fit::DidNotFit, Fit::Set]);
}

#[test]
fn the_same_copy_gives_the_same_pixels_and_blank_copy_gives_none() {
    let draw = |case: &(&str, Value)| {
        let mut image = noise((300, 250), &mut ChaCha8Rng::seed_from_u64(3));
        set(&mut image, case, &BrandKit::default(), [0.0, 0.0, 300.0, 250.0], &[]);
        image
    };
    for case in copies() {
        assert_eq!(draw(&case), draw(&case));
    }
    assert_eq!(draw(&("en", json!({"headline": " "}))), noise((300, 250), &mut ChaCha8Rng::seed_from_u64(3)));
}

#[test]
fn a_folder_without_fonts_says_what_to_do() {
    let told = Fonts::load(&PathBuf::from("/nowhere")).unwrap_err().to_string();
    assert!(told.contains("run cargo xtask setup"), "{told}");
}
