//! Subjects of photographs, with a network that was told the truth at its own coarse size.

use crate::samples::busy;
use cavendish_imaging::image::{GrayImage, Luma, Rgb, RgbImage};
use cavendish_imaging::{Cutout, CutoutHint, Doubt, ImageError, Method, Saliency, Search, inspect};

/// What a network sees of a picture that `is` at shares of its sides; `look` says which look it is.
fn seen(look: usize, shown: &RgbImage, is: impl Fn(usize, f32, f32) -> f32) -> Saliency {
    let (width, height) = shown.dimensions();
    let values = (0..width * height).map(|i| {
        let (x, y) = ((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
        (is(look, x / width as f32, y / height as f32) * 255.0) as u8
    });
    Saliency { width, height, values: values.collect() }
}

/// Cuts out with a network that answers the looks at all of the picture with `is`.
fn cut(picture: &RgbImage, is: impl Fn(usize, f32, f32) -> f32) -> Result<Cutout, ImageError> {
    cut_with(picture, &CutoutHint::default(), is)
}

fn cut_with(picture: &RgbImage, hint: &CutoutHint, is: impl Fn(usize, f32, f32) -> f32) -> Result<Cutout, ImageError> {
    let mut search = Search::of(picture, hint)?;
    let first = search.looks()?;
    assert_eq!(first.len(), 2);
    search.saw(first.iter().enumerate().map(|(look, shown)| seen(look, shown, &is)).collect());
    if disagree(&is) {
        // With a fifth more on every side.
        let around = search.looks()?;
        search.saw(around.iter().map(|shown| seen(2, shown, |n, x, y| is(n, x * 1.4 - 0.2, y * 1.4 - 0.2))).collect());
    }
    // From near, what is there is seen by its colour.
    let near = search.looks()?;
    search.saw(near.iter().map(by_colour).collect());
    assert!(search.looks()?.is_empty());
    search.cut()
}

/// Whether the first two looks differ in more than a hair.
fn disagree(is: impl Fn(usize, f32, f32) -> f32) -> bool {
    let at = |i: usize| ((i % 100) as f32 / 100.0, (i / 100) as f32 / 100.0);
    let differs = |i: &usize| (is(0, at(*i).0, at(*i).1) > 0.5) != (is(1, at(*i).0, at(*i).1) > 0.5);
    (0..10_000).filter(differs).count() > 100
}

const RED: [u8; 3] = [190, 30, 40];

fn by_colour(shown: &RgbImage) -> Saliency {
    let red = |p: &Rgb<u8>| u8::from(p.0.iter().zip(RED).all(|(a, b)| a.abs_diff(b) < 40)) * 255;
    Saliency { width: shown.width(), height: shown.height(), values: shown.pixels().map(red).collect() }
}

/// A red ring with a thin strap before something busy, and its truth.
fn ring(side: u32) -> (RgbImage, Vec<bool>) {
    let mut picture = busy(side, side);
    let mut truth = vec![false; (side * side) as usize];
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let from = ((x as f32 + 0.5) / side as f32 - 0.5).hypot((y as f32 + 0.5) / side as f32 - 0.55);
        let strap = x.abs_diff(side / 2) < side / 150 && y > side / 10 && (y as f32) < 0.35 * side as f32;
        if (0.12..0.25).contains(&from) || strap {
            *pixel = Rgb(RED);
            truth[(y * side + x) as usize] = true;
        }
    }
    (picture, truth)
}

fn told(_: usize, x: f32, y: f32) -> f32 {
    let from = (x - 0.5).hypot(y - 0.55);
    // A little blurred, as networks are.
    let ring = ((0.25 - from) / 0.02 + 0.5).clamp(0.0, 1.0) * ((from - 0.12) / 0.02 + 0.5).clamp(0.0, 1.0);
    let strap = if (x - 0.5).abs() < 0.01 && (0.1..0.35).contains(&y) { 0.7 } else { 0.0 };
    ring.max(strap)
}

#[test]
fn holes_and_straps_survive_at_the_pictures_own_size() {
    let (picture, truth) = ring(900);
    let cut = cut(&picture, told).unwrap();
    assert_eq!(cut.rgba.dimensions(), (900, 900));
    let wrong = cut.rgba.pixels().zip(&truth).filter(|(p, is)| (p.0[3] > 127) != **is).count();
    let area = truth.iter().filter(|is| **is).count();
    assert!(wrong * 50 < area, "{wrong} of {area} pixels are wrong");
    assert!(cut.rgba.get_pixel(450, 495).0[3] < 10, "the hole is open");
    assert!(cut.rgba.get_pixel(450, 180).0[3] > 200, "the strap is there");
    assert!(cut.doubts.is_empty() && cut.confidence == 1.0, "{:?} {:?}", cut.doubts, cut.measures);
}

#[test]
fn looks_that_disagree_are_told() {
    let (picture, _) = ring(600);
    // One look sees the left half only, one the right, one nothing much.
    let torn = |look: usize, x: f32, y: f32| match look {
        0 if x > 0.5 => 0.0,
        1 if x < 0.5 => 0.0,
        2 => 0.1 * told(look, x, y),
        _ => told(look, x, y),
    };
    let cut = cut(&picture, torn).unwrap();
    assert!(cut.confidence < 0.6 && cut.doubts.contains(&Doubt::LooksDisagree), "{:?} {:?}", cut.doubts, cut.measures);
    let flaws = inspect(&picture, &cut, 600).unwrap().1;
    assert!(flaws.iter().any(|flaw| flaw.code() == "doubtful_cutout"), "a profile tells it, too: {flaws:?}");
    assert!(cut.uncertain.unwrap().contains("do not agree"));
}

#[test]
fn what_some_looks_saw_and_was_left_out_is_told() {
    let (picture, _) = ring(600);
    let more = |look: usize, x: f32, y: f32| {
        if look == 0 && (0.75..0.95).contains(&x) && (0.3..0.8).contains(&y) { 0.62 } else { told(look, x, y) }
    };
    let cut = cut(&picture, more).unwrap();
    assert!(cut.doubts.contains(&Doubt::PartsLeftOut), "{:?} {:?}", cut.doubts, cut.measures);
}

#[test]
fn nothing_is_found_where_no_look_sees_anything() {
    let mut search = Search::of(&busy(300, 200), &CutoutHint::default()).unwrap();
    for _ in 0..2 {
        let shown = search.looks().unwrap();
        search.saw(shown.iter().map(|shown| seen(0, shown, |_, _, _| 0.05)).collect());
    }
    let error = search.looks().unwrap_err();
    assert!(error.to_string().contains("no subject"), "{error}");
}

#[test]
fn a_small_picture_and_a_box_that_is_none_are_refused() {
    assert!(Search::of(&RgbImage::new(4, 90), &CutoutHint::default()).is_err());
    let hint = CutoutHint { bounds: Some([0.5, 0.5, 0.4, 0.9]), ..CutoutHint::default() };
    assert!(Search::of(&busy(90, 90), &hint).is_err());
}

#[test]
fn a_mask_is_taken_as_it_is_at_any_size() {
    let (picture, truth) = ring(600);
    let mask = GrayImage::from_fn(300, 300, |x, y| Luma([u8::from(truth[(4 * y * 300 + 2 * x) as usize]) * 255]));
    let hint = CutoutHint { mask: Some(mask), ..CutoutHint::default() };
    let mut search = Search::of(&picture, &hint).unwrap();
    assert!(search.looks().unwrap().is_empty(), "nobody needs to be asked");
    let cut = search.cut().unwrap();
    let wrong = cut.rgba.pixels().zip(&truth).filter(|(p, is)| (p.0[3] > 127) != **is).count();
    assert!(wrong * 20 < truth.iter().filter(|is| **is).count(), "{wrong} pixels are wrong");
    assert!(cut.method == Method::Mask && cut.doubts.is_empty());
    let black = CutoutHint { mask: Some(GrayImage::new(30, 30)), ..CutoutHint::default() };
    assert!(Search::of(&picture, &black).unwrap().looks().is_err(), "a mask that shows nothing");
    let other = CutoutHint { mask: Some(GrayImage::new(300, 200)), ..CutoutHint::default() };
    assert!(Search::of(&picture, &other).unwrap_err().to_string().contains("not of the shape"));
}

#[test]
fn what_is_marked_is_kept_and_removed() {
    let (picture, _) = ring(600);
    let point = |x: f32, y: f32| [x, y, x, y];
    // A point of the ground is to be kept, and the strap is to go.
    let hint =
        CutoutHint { keep: vec![point(0.9, 0.2)], remove: vec![[0.45, 0.05, 0.55, 0.28]], ..CutoutHint::default() };
    let cut = cut_with(&picture, &hint, told).unwrap();
    let alpha = |x: u32, y: u32| cut.rgba.get_pixel(x, y).0[3];
    assert!(alpha(540, 120) > 200 && alpha(300, 90) < 40, "{} {}", alpha(540, 120), alpha(300, 90));
    assert!(alpha(300, 330 + 110) > 200, "the ring is there");
}

#[test]
fn a_box_that_cuts_is_told() {
    let (picture, _) = ring(600);
    let boxed =
        |bounds| cut_with(&picture, &CutoutHint { bounds: Some(bounds), ..CutoutHint::default() }, told).unwrap();
    assert!(!boxed([0.2, 0.05, 0.8, 0.85]).doubts.contains(&Doubt::BoxCuts));
    assert!(boxed([0.2, 0.05, 0.68, 0.85]).doubts.contains(&Doubt::BoxCuts));
}
