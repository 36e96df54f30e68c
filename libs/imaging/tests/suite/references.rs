//! What pictures are worth as references.

use crate::samples::{ball_in_studio, busy, decoded, disc, mix};
use cavendish_imaging::image::{Rgb, RgbImage, imageops};
use cavendish_imaging::{CutoutHint, Flaw, Measures, cutout, inspect, inspect_whole, reduced};

fn looked_at(image: &RgbImage) -> (Measures, Vec<&'static str>, bool) {
    let picture = decoded(image);
    let small = reduced(&picture, None).unwrap();
    let cut = cutout(&picture, &CutoutHint::default()).expect("the backdrop is plain");
    let (measures, flaws) = inspect(&small, &cut, image.width().max(image.height())).unwrap();
    let fatal = flaws.iter().any(Flaw::is_fatal);
    (measures, flaws.iter().map(Flaw::code).collect(), fatal)
}

/// Discs on white.
fn discs(side: u32, discs: &[((f32, f32), f32)]) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let inside = discs.iter().map(|(centre, radius)| disc(x, y, *centre, *radius)).fold(0.0, f32::max);
        mix([250.0; 3], [200.0, 60.0 + (x % 7) as f32 * 8.0, 40.0], inside)
    })
}

#[test]
fn a_good_photograph_has_no_flaws() {
    let (measures, flaws, _) = looked_at(&ball_in_studio(640));
    assert!(flaws.is_empty(), "{flaws:?} {measures:?}");
    assert!((320..=345).contains(&measures.side), "{measures:?}");
    assert_eq!(measures.subjects, 1);
}

#[test]
fn small_subjects_are_flagged_and_tiny_ones_left_out() {
    let (_, flaws, fatal) = looked_at(&ball_in_studio(320));
    assert_eq!((flaws, fatal), (vec!["too_small"], false));
    let (_, flaws, fatal) = looked_at(&discs(200, &[((100.0, 100.0), 25.0)]));
    assert_eq!((flaws, fatal), (vec!["too_small"], true));
}

#[test]
fn blur_is_told_by_its_strength_and_not_by_the_contrast() {
    let sharp = discs(700, &[((350.0, 350.0), 230.0)]);
    let pale = RgbImage::from_fn(700, 700, |x, y| {
        Rgb(sharp.get_pixel(x, y).0.map(|v| (235.0 + (f32::from(v) - 235.0) * 0.3).round() as u8))
    });
    let of = |image: &RgbImage, sigma: f32| {
        let image = if sigma > 0.0 { imageops::blur(image, sigma) } else { image.clone() };
        looked_at(&image)
    };
    for image in [&sharp, &pale] {
        let sharpness: Vec<f32> = [0.0, 2.5, 8.0].map(|s| of(image, s).0.sharpness.unwrap_or(f32::NAN)).to_vec();
        assert!(sharpness[0] > 0.6 && sharpness[0] > sharpness[1] && sharpness[1] > sharpness[2], "{sharpness:?}");
        assert!(of(image, 0.0).1.is_empty());
    }
    let (measures, flaws, fatal) = of(&sharp, 9.0);
    assert!(flaws.contains(&"blurred") && fatal, "{measures:?} {flaws:?}");
}

#[test]
fn a_cropped_subject_names_the_edge() {
    let image = discs(500, &[((250.0, 400.0), 130.0)]);
    let picture = decoded(&image);
    let cut = cutout(&picture, &CutoutHint::default()).unwrap();
    let (_, flaws) = inspect(&image, &cut, 500).unwrap();
    let [flaw] = flaws.as_slice() else { panic!("{flaws:?}") };
    assert_eq!(flaw, &Flaw::Cropped { edges: vec!["bottom"] });
    assert!(!flaw.is_fatal() && flaw.text().contains("bottom edge"), "{}", flaw.text());
}

#[test]
fn two_subjects_are_two_and_a_crumb_is_none() {
    let two = discs(800, &[((220.0, 400.0), 150.0), ((580.0, 400.0), 140.0)]);
    let (measures, flaws, fatal) = looked_at(&two);
    assert_eq!((measures.subjects, flaws, fatal), (2, vec!["several_subjects"], false));
    let crumb = discs(800, &[((300.0, 400.0), 200.0), ((650.0, 650.0), 45.0)]);
    assert_eq!(looked_at(&crumb).0.subjects, 1);
}

#[test]
fn a_picture_as_a_whole_is_large_and_sharp_or_not() {
    let image = busy(400, 300);
    assert!(inspect_whole(&image, 400).unwrap().1.is_empty());
    let soft = imageops::blur(&image, 9.0);
    let codes: Vec<_> = inspect_whole(&soft, 120).unwrap().1.iter().map(Flaw::code).collect();
    assert_eq!(codes, ["too_small", "blurred"]);
}
