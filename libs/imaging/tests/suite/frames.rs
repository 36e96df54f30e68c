//! A frame is found whatever the codec did to it; nothing that only looks a little like one is taken for it.

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Metadata, Placement, Quality, Target, compose, encode, measure};
use cavendish_specs::Frame;

use crate::samples::{Dice, ball, ball_in_studio, busy, disc_on_planks};

fn frame(image: &RgbImage, format: Format, quality: u8) -> Option<Frame> {
    let range = Quality { min: quality, max: quality };
    measure(&encode(image, &Target::of(format).at(range), &Metadata::default()).unwrap().bytes).unwrap().frame
}

fn framed(inside: &RgbImage, width: u32, colour: [u8; 3]) -> RgbImage {
    let (w, h) = inside.dimensions();
    RgbImage::from_fn(w, h, |x, y| {
        let ring = x < width || y < width || x >= w - width || y >= h - width;
        if ring { Rgb(colour) } else { *inside.get_pixel(x, y) }
    })
}

#[test]
fn frames_are_found_through_every_codec() {
    for inside in [disc_on_planks(400, 260, (200.0, 130.0), 80.0), busy(300, 300), ball_in_studio(512)] {
        for (width, colour) in [(6, [0; 3]), (14, [255; 3]), (20, [20, 20, 240])] {
            let image = framed(&inside, width, colour);
            for (format, quality) in [(Format::Png, 100), (Format::Jpeg, 92), (Format::Jpeg, 60), (Format::Webp, 75)] {
                let found = frame(&image, format, quality);
                let near = found.is_some_and(|found| found.width.abs_diff(width) <= 5);
                assert!(near, "{width} px of {colour:?} as {format:?} at {quality}: {found:?}");
            }
        }
    }
}

#[test]
fn backdrops_scenes_and_subjects_are_no_frames() {
    use cavendish_imaging::Backdrop;
    let subject = ball();
    let placement = Placement { fill: 0.96, ..Placement::default() };
    for (w, h) in [(400, 400), (1200, 300), (160, 600), (320, 50)] {
        for backdrop in [Backdrop::white(), Backdrop::light_grey(), Backdrop::of([20, 40, 90])] {
            let scene = compose(w, h, &backdrop, &subject, &placement).unwrap();
            assert_eq!(frame(&scene.image, Format::Jpeg, 80), None, "{w}×{h} on {backdrop:?}");
        }
        assert_eq!(frame(&disc_on_planks(w, h, (40.0, 25.0), 20.0), Format::Jpeg, 80), None);
        assert_eq!(frame(&RgbImage::from_pixel(w, h, Rgb([90, 91, 92])), Format::Png, 100), None);
    }
    let mut dice = Dice(3);
    for _ in 0..40 {
        let (sky, ground) = (dice.roll(256) as u8, dice.roll(256) as u8);
        let horizon = 40 + dice.roll(120) as u32;
        let picture = RgbImage::from_fn(240, 200, |_, y| Rgb([if y < horizon { sky } else { ground }; 3]));
        assert_eq!(frame(&picture, Format::Png, 100), None, "a horizon");
    }
}
