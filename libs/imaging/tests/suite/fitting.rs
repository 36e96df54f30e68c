//! Whole renders in other shapes: exact size, subject whole and round, inside its safe area.

use cavendish_imaging::image::{Rgb, RgbImage, Rgba, RgbaImage};
use cavendish_imaging::{
    FitMode, Render, crop, fit, pad, resize_linear_rgb, resize_linear_rgba, resize_rgb, resize_rgba, similarity,
    subject_box,
};
use cavendish_specs::Catalogue;

use crate::samples::{ball_in_studio, busy};

#[test]
fn a_render_fits_every_shape_of_the_catalogue() {
    let render = ball_in_studio(128);
    for spec in Catalogue::builtin().iter() {
        // A small picture shows the same geometry faster.
        let divisor = 4.max(spec.size.width.max(spec.size.height) / 600);
        let (w, h) = (spec.size.width.div_ceil(divisor), spec.size.height.div_ceil(divisor));
        let safe = spec.safe_area(w, h);
        let fitted = fit(&render, w, h, None, Some(safe)).unwrap();
        assert_eq!(fitted.image.dimensions(), (w, h), "{}", spec.id);
        let s = fitted.subject.unwrap();
        let round = s.width as f32 / s.height as f32;
        assert!((round - 1.0).abs() < 0.12, "{}: stretched to {round}", spec.id);
        let slack = 1.5;
        assert!(s.x as f32 + slack >= safe[0] && s.y as f32 + slack >= safe[1], "{}: {s:?} {safe:?}", spec.id);
        assert!((s.x + s.width) as f32 <= safe[2] + slack, "{}: {s:?} {safe:?}", spec.id);
        assert!((s.y + s.height) as f32 <= safe[3] + slack, "{}: {s:?} {safe:?}", spec.id);
    }
}

#[test]
fn the_same_shape_is_only_scaled() {
    let render = ball_in_studio(128);
    let fitted = fit(&render, 128, 128, None, None).unwrap();
    assert_eq!((fitted.mode, fitted.image), (FitMode::Cropped, render));
    assert_eq!(fitted.scale, 1.0);
}

#[test]
fn a_picture_without_a_known_subject_is_cropped_in_its_middle() {
    let fitted = fit(&busy(120, 80), 60, 60, None, None).unwrap();
    assert_eq!((fitted.mode, fitted.subject), (FitMode::Cropped, None));
    assert!((fitted.scale - 0.75).abs() < 1e-3);
}

#[test]
fn a_subject_before_a_busy_background_is_padded_not_cut() {
    let fitted = fit(&busy(100, 100), 300, 100, Some([0.05, 0.05, 0.95, 0.95]), None).unwrap();
    assert_eq!(fitted.mode, FitMode::Padded);
    let s = fitted.subject.unwrap();
    assert!(s.width.abs_diff(s.height) <= 2 && s.height <= 96, "{s:?}");
}

#[test]
fn an_extreme_shape_does_not_slice_a_picture_that_nobody_knows() {
    for (w, h) in [(800, 100), (100, 800), (640, 100)] {
        let fitted = fit(&busy(120, 120), w, h, None, None).unwrap();
        assert_eq!((fitted.mode, fitted.subject), (FitMode::Padded, None), "{w}×{h}");
        let middle = 0.7 * 120.0 * fitted.scale;
        assert!(middle <= w.min(h) as f32 && middle > 0.8 * w.min(h) as f32, "{w}×{h}: {middle}");
    }
    assert_eq!(fit(&busy(120, 120), 191, 100, None, None).unwrap().mode, FitMode::Cropped);
}

#[test]
fn what_a_model_drew_beyond_the_edges_is_shown_instead_of_a_smear() {
    let whole = busy(300, 100);
    let render = crop(&whole, 100, 0, 100, 100).unwrap();
    let subject = Some([0.1, 0.2, 0.9, 0.8]);
    let plain = Render::from(&render);
    let [left, top, right, bottom] = plain.shown(240, 100, subject, None).unwrap();
    assert!(left < -20.0 && right > 120.0 && top >= 0.0 && bottom <= 100.0, "{left} {top} {right} {bottom}");
    let padded = plain.fit(240, 100, subject, None).unwrap();
    let wider = Render::from(&render).outpainted(whole.clone(), [100, 0]);
    let fitted = wider.fit(240, 100, subject, None).unwrap();
    assert_eq!((padded.mode, fitted.mode), (FitMode::Padded, FitMode::Outpainted));
    assert_eq!((padded.subject, padded.scale), (fitted.subject, fitted.scale), "the picture lies where it lay");
    let part = crop(&whole, (100.0 + left).round() as u32, top.round() as u32, 164, 68).unwrap();
    let near = similarity(&resize_rgb(&part, 240, 100).unwrap(), &fitted.image);
    assert!(near > 0.9, "it is a part of the wider picture: {near}");
    assert_eq!(wider.fit(700, 100, subject, None).unwrap().mode, FitMode::Padded, "beyond that nothing was drawn");
    assert_eq!(wider.fit(100, 100, None, None).unwrap().image, render, "what it shows itself comes from itself");
}

#[test]
fn a_busy_picture_is_not_made_smaller_for_more_air_than_it_has() {
    let bottle = Some([0.3, 0.02, 0.7, 0.98]);
    let same = fit(&busy(100, 100), 150, 150, bottle, None).unwrap();
    assert_eq!((same.mode, same.scale), (FitMode::Cropped, 1.5));
    let wide = fit(&busy(100, 100), 300, 100, bottle, None).unwrap();
    assert!((wide.scale - 1.0).abs() < 0.01 && wide.subject.unwrap().height <= 97, "{:?}", wide.subject);
}

#[test]
fn of_what_was_drawn_this_way_and_that_the_one_that_shows_most_is_taken() {
    let (wide, tall) = (busy(300, 100), busy(100, 300));
    let render = crop(&wide, 100, 0, 100, 100).unwrap();
    let both = Render::from(&render).outpainted(wide, [100, 0]).outpainted(tall, [0, 100]);
    let subject = Some([0.1, 0.1, 0.9, 0.9]);
    for (width, height) in [(200, 100), (100, 200)] {
        assert_eq!(both.fit(width, height, subject, None).unwrap().mode, FitMode::Outpainted, "{width}×{height}");
    }
    let cramped = Some([80.0, 80.0, 120.0, 120.0]);
    assert_eq!(both.fit(200, 200, subject, cramped).unwrap().mode, FitMode::Padded, "corners were never drawn");
}

#[test]
fn nonsense_is_refused() {
    let image = busy(20, 20);
    assert!(fit(&image, 0, 10, None, None).is_err());
    assert!(fit(&RgbImage::new(0, 0), 10, 10, None, None).is_err());
    assert!(fit(&image, 10, 10, None, Some([9.0, 0.0, 1.0, 10.0])).is_err());
    assert!(subject_box(&RgbImage::new(0, 3)).is_err());
    assert!(resize_rgb(&image, 0, 4).is_err() && resize_linear_rgb(&image, 4, 0).is_err());
    assert!(crop(&image, 15, 0, 6, 5).is_err() && crop(&image, u32::MAX, 0, 2, 2).is_err());
}

#[test]
fn a_subject_is_found_where_it_is() {
    let found = subject_box(&ball_in_studio(200)).unwrap().unwrap();
    assert!(found.x.abs_diff(48) <= 3 && found.y.abs_diff(48) <= 3, "{found:?}");
    assert!(found.width.abs_diff(104) <= 5 && found.height.abs_diff(104) <= 6, "{found:?}");
    assert_eq!(subject_box(&RgbImage::from_pixel(50, 50, Rgb([90; 3]))).unwrap(), None);
    assert_eq!(subject_box(&busy(50, 50)).unwrap(), None);
}

#[test]
fn linear_light_keeps_the_brightness_of_what_is_half_transparent_too() {
    // Stripes of black and white, opaque on the left, with nothing of a red on the right.
    let stripes = RgbaImage::from_fn(64, 64, |x, _| match x {
        48.. => Rgba([255, 0, 0, 0]),
        _ if x % 2 == 0 => Rgba([0, 0, 0, 255]),
        _ => Rgba([255; 4]),
    });
    let small = resize_linear_rgba(&stripes, 8, 8).unwrap();
    let inside = small.get_pixel(2, 4).0;
    assert!(inside[0].abs_diff(188) <= 4 && inside[3] == 255, "{inside:?}");
    let rim = small.get_pixel(5, 4).0;
    assert!(rim[0].abs_diff(rim[1]) <= 2, "no colour comes out of what is transparent: {rim:?}");
}

#[test]
fn linear_light_keeps_the_brightness_of_fine_detail() {
    let stripes = RgbImage::from_fn(64, 64, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
    let linear = resize_linear_rgb(&stripes, 8, 8).unwrap().get_pixel(4, 4).0[0];
    let plain = resize_rgb(&stripes, 8, 8).unwrap().get_pixel(4, 4).0[0];
    assert!(linear.abs_diff(188) <= 4, "half the light is sRGB 188, not {linear}");
    assert!(plain.abs_diff(128) <= 4, "{plain}");
}

#[test]
fn resampling_takes_no_colour_from_what_is_transparent() {
    use cavendish_imaging::image::{Rgba, RgbaImage};
    let image = RgbaImage::from_fn(32, 32, |x, _| if x < 16 { Rgba([200, 30, 30, 255]) } else { Rgba([0, 255, 0, 0]) });
    let small = resize_rgba(&image, 13, 13).unwrap();
    assert!(small.pixels().filter(|p| p.0[3] > 20).all(|p| p.0[1] < 60), "green bled in");
}

#[test]
fn cropping_and_padding_are_inverse() {
    let image = busy(12, 9);
    let padded = pad(&image, 20, 20, 3, 5, [7; 3]);
    assert_eq!(padded.get_pixel(0, 0), &Rgb([7; 3]));
    assert_eq!(crop(&padded, 3, 5, 12, 9).unwrap(), image);
}
