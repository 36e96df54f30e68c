//! Whether a picture came cut out.

use cavendish_imaging::image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use cavendish_imaging::{CutoutHint, Decoded, Limits, Method, cutout_by_alpha, decode};

use crate::samples::file;

fn with_alpha(alpha: impl Fn(i64, i64) -> u8) -> Decoded {
    let image = RgbaImage::from_fn(200, 160, |x, y| Rgba([120, 80, 40, alpha(x.into(), y.into())]));
    decode(&file(&DynamicImage::from(image), ImageFormat::Png), &Limits::default()).unwrap()
}

#[test]
fn a_subject_with_nothing_round_it_is_cut_out() {
    let disc = |x: i64, y: i64| if (x - 100).pow(2) + (y - 80).pow(2) < 70 * 70 { 255 } else { 0 };
    assert!(with_alpha(disc).is_cut_out());
    // One that stands on the lower edge, and leaves by the left one.
    assert!(with_alpha(|x, y| if x < 110 && y > 50 { 255 } else { 0 }).is_cut_out());
    // Its shadow and its rim are half there.
    assert!(with_alpha(|x, y| disc(x, y).max(if y > 130 { 60 } else { 0 })).is_cut_out());
}

#[test]
fn a_photograph_with_some_transparency_is_not() {
    let corner = |x: i64, y: i64| {
        let (dx, dy) = ((24 - x.min(199 - x)).max(0), (24 - y.min(159 - y)).max(0));
        if dx * dx + dy * dy > 24 * 24 { 0 } else { 255 }
    };
    for (name, picture) in [
        ("rounded corners", with_alpha(corner)),
        ("one pixel", with_alpha(|x, y| if (x, y) == (3, 3) { 254 } else { 255 })),
        ("a corner", with_alpha(|x, y| if x + y < 20 { 0 } else { 255 })),
        ("a hole", with_alpha(|x, y| if (x - 100).abs() < 40 && (y - 80).abs() < 40 { 0 } else { 255 })),
        ("a thin frame", with_alpha(|x, y| if x == 0 || y == 0 { 0 } else { 255 })),
        ("faint all over", with_alpha(|_, _| 250)),
    ] {
        assert!(picture.has_transparency() && !picture.is_cut_out(), "{name}");
    }
    assert_eq!(with_alpha(corner).to_rgb().get_pixel(0, 0).0, [255; 3]);
}

#[test]
fn what_the_line_cut_out_keeps_its_alpha_however_little_is_left_round_it() {
    let nearly_all = with_alpha(|x, y| if x < 60 && y < 50 { 0 } else { 255 });
    assert!(!nearly_all.is_cut_out());
    let cut = cutout_by_alpha(&nearly_all, &CutoutHint::default()).unwrap();
    assert!(cut.method == Method::Alpha && cut.rgba.get_pixel(10, 10).0[3] == 0);
}

#[test]
fn a_mask_is_the_alpha_of_a_cut_out_and_else_what_is_light() {
    let disc = |x: i64, y: i64| if (x - 100).pow(2) + (y - 80).pow(2) < 70 * 70 { 255 } else { 0 };
    let mask = with_alpha(disc).to_mask();
    assert_eq!((mask.get_pixel(100, 80).0[0], mask.get_pixel(2, 2).0[0]), (255, 0));
    let grey = with_alpha(|_, _| 255).to_mask().get_pixel(9, 9).0[0];
    assert!((80..100).contains(&grey), "{grey}");
}
