//! Cutting out: the true outline, no shadow, no surroundings' colour, and doubts that are said.

use cavendish_imaging::image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use cavendish_imaging::{Cutout, CutoutHint, Limits, Method, Reason, cutout, decode};

use crate::samples::{ball, decoded, disc, disc_on_planks, file};

/// Intersection over union of a cut-out and a disc.
fn agreement(cut: &Cutout, centre: (f32, f32), radius: f32) -> f32 {
    let (mut both, mut either) = (0, 0);
    for (x, y, p) in cut.rgba.enumerate_pixels() {
        let (mine, true_) = (p.0[3] >= 128, disc(x, y, centre, radius) >= 0.5);
        both += u32::from(mine && true_);
        either += u32::from(mine || true_);
    }
    both as f32 / either as f32
}

#[test]
fn a_subject_on_a_plain_backdrop_leaves_its_shadow_behind() {
    let cut = ball();
    assert_eq!(cut.method, Method::PlainBackdrop);
    let iou = agreement(&cut, (128.0, 128.0), 256.0 * 0.26);
    assert!(iou > 0.96, "agreement {iou}");
    assert!(cut.confidence > 0.8 && cut.uncertain.is_none(), "{} {:?}", cut.confidence, cut.uncertain);
    assert!(!cut.touches_border());
}

#[test]
fn what_spans_the_width_of_its_frame_is_a_scene_and_what_is_tall_is_none() {
    let standing = |wide: std::ops::Range<u32>, high: std::ops::Range<u32>| {
        let inside = |x, y| wide.contains(&x) && high.contains(&y);
        let photo = RgbImage::from_fn(200, 200, |x, y| Rgb(if inside(x, y) { [190, 40, 40] } else { [240; 3] }));
        cutout(&decoded(&photo), &CutoutHint::default()).unwrap().standing_out()
    };
    let [left, top, right, bottom] = standing(70..130, 8..192).unwrap();
    assert!((left - 0.35).abs() < 0.02 && (right - 0.65).abs() < 0.02 && top < 0.06 && bottom > 0.94);
    assert_eq!(standing(8..192, 70..130), None);
}

#[test]
fn an_enlarged_picture_is_cut_out_at_the_size_that_is_named() {
    let photo = decoded(&disc_on_planks(340, 240, (170.0, 120.0), 70.0));
    let size =
        |most_side| cutout(&photo, &CutoutHint { most_side, ..CutoutHint::default() }).unwrap().rgba.dimensions();
    assert_eq!((size(None), size(Some(170)), size(Some(9_000))), ((340, 240), (170, 120), (340, 240)));
}

#[test]
fn a_subject_on_wood_is_found_by_its_colours() {
    let (centre, radius) = ((170.0, 120.0), 70.0);
    let photo = decoded(&disc_on_planks(340, 240, centre, radius));
    for bounds in [None, Some([0.2, 0.1, 0.8, 0.9])] {
        let cut = cutout(&photo, &CutoutHint { bounds, ..CutoutHint::default() }).unwrap();
        assert_eq!(cut.method, Method::GrabCut);
        let iou = agreement(&cut, centre, radius);
        assert!(iou > 0.95, "agreement {iou} with {bounds:?}");
        assert!(cut.confidence > 0.7, "{} {:?}", cut.confidence, cut.uncertain);
    }
}

#[test]
fn edge_pixels_lose_the_colour_of_the_table() {
    let photo = decoded(&disc_on_planks(340, 240, (170.0, 120.0), 70.0));
    let cut = cutout(&photo, &CutoutHint::default()).unwrap();
    let rim: Vec<[u8; 4]> = cut.rgba.pixels().map(|p| p.0).filter(|p| (40..=215).contains(&p[3])).collect();
    assert!(rim.len() > 100, "the edge is soft: {} pixels", rim.len());
    let blue = rim.iter().filter(|p| p[2] > p[0]).count();
    assert!(blue * 10 >= rim.len() * 9, "{blue} of {} edge pixels are the subject's blue", rim.len());
}

#[test]
fn a_cutout_is_the_same_every_time() {
    let photo = decoded(&disc_on_planks(200, 150, (100.0, 75.0), 40.0));
    let once = || cutout(&photo, &CutoutHint::default()).unwrap().rgba;
    assert_eq!(once(), once());
}

#[test]
fn an_alpha_channel_is_taken_as_it_is() {
    let image = RgbaImage::from_fn(40, 40, |x, y| Rgba([9, 99, 199, (disc(x, y, (20.0, 22.0), 10.0) * 255.0) as u8]));
    let picture = decode(&file(&DynamicImage::from(image.clone()), ImageFormat::Png), &Limits::default()).unwrap();
    let cut = cutout(&picture, &CutoutHint::default()).unwrap();
    assert_eq!((cut.method, &cut.rgba), (Method::Alpha, &image));
    assert_eq!((cut.bbox.x, cut.bbox.y, cut.bbox.width, cut.bbox.height), (10, 12, 20, 20));
}

#[test]
fn a_subject_that_is_cut_off_is_doubted() {
    let image = RgbaImage::from_fn(60, 60, |x, y| Rgba([90, 20, 20, (disc(x, y, (30.0, 56.0), 20.0) * 255.0) as u8]));
    let picture = decode(&file(&image.into(), ImageFormat::Png), &Limits::default()).unwrap();
    let cut = cutout(&picture, &CutoutHint::default()).unwrap();
    assert!(cut.touches.bottom && !cut.touches.top && cut.touches_border());
    assert!(cut.uncertain.unwrap().contains("runs into the edge"));
    assert!(cut.confidence < 0.7);
}

#[test]
fn a_speck_is_doubted() {
    let image =
        RgbaImage::from_fn(100, 100, |x, y| Rgba([0, 0, 0, if x.max(y) < 55 && x.min(y) > 50 { 255 } else { 0 }]));
    let picture = decode(&file(&image.into(), ImageFormat::Png), &Limits::default()).unwrap();
    assert!(cutout(&picture, &CutoutHint::default()).unwrap().uncertain.unwrap().contains("very small"));
}

#[test]
fn a_box_that_is_none_and_a_picture_of_nothing_are_refused() {
    let photo = decoded(&disc_on_planks(60, 60, (30.0, 30.0), 15.0));
    for bounds in [[0.5, 0.1, 0.5, 0.9], [0.1, 0.1, 1.2, 0.9], [0.8, 0.1, 0.2, 0.9], [f32::NAN, 0.0, 1.0, 1.0]] {
        let error = cutout(&photo, &CutoutHint { bounds: Some(bounds), ..CutoutHint::default() }).unwrap_err();
        assert!(matches!(error.reason, Reason::Invalid(_)), "{bounds:?}");
    }
    for side in [1, 5] {
        let error =
            cutout(&decoded(&RgbImage::from_pixel(side, side, Rgb([9; 3]))), &CutoutHint::default()).unwrap_err();
        assert!(error.to_string().contains("no subject"));
    }
}

/// Shapes and sizes that no photographer sends, but a queue does.
#[test]
fn odd_pictures_end_in_a_cutout_or_an_error() {
    for (w, h) in [(8, 8), (9, 300), (300, 9), (31, 33)] {
        for colour in [0u8, 128, 255] {
            let _ = cutout(&decoded(&RgbImage::from_pixel(w, h, Rgb([colour; 3]))), &CutoutHint::default());
        }
        let photo = decoded(&disc_on_planks(w, h, (w as f32 / 2.0, h as f32 / 2.0), w.min(h) as f32 / 3.0));
        let _ = cutout(&photo, &CutoutHint::default());
        let _ = cutout(&photo, &CutoutHint { bounds: Some([0.0, 0.0, 1.0, 1.0]), ..CutoutHint::default() });
    }
}
