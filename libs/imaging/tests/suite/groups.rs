//! Several subjects in one scene, and scenes that were not computed: common ground, matched light, own pixels.

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{
    Backdrop, Composition, Cutout, CutoutHint, Ground, Piece, Placement, compose, compose_on, cutout,
};

use crate::samples::{ball, decoded, mix};

/// A tall blue bottle on a plain ground, cut out.
fn bottle() -> Cutout {
    let picture = RgbImage::from_fn(200, 300, |x, y| {
        let neck = (90..110).contains(&x) && (30..100).contains(&y);
        let body = (70..130).contains(&x) && (100..270).contains(&y);
        mix([225.0; 3], [40.0, 60.0, 150.0], f32::from(u8::from(neck || body)))
    });
    cutout(&decoded(&picture), &CutoutHint::default()).unwrap()
}

fn with_sizes<'a>(cutouts: &'a [Cutout], sizes: &[f32]) -> Vec<Piece<'a>> {
    cutouts.iter().zip(sizes).map(|(cutout, size)| Piece { cutout, size: *size }).collect()
}

fn on(ground: Ground<'_>, size: (u32, u32), pieces: &[Piece<'_>], safe: Option<[f32; 4]>) -> Composition {
    compose_on(size.0, size.1, ground, pieces, &Placement { safe, ..Placement::default() }).unwrap()
}

/// A table under a wall, lit from the left, warm.
fn table(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let light = 1.15 - 0.6 * x as f32 / width as f32;
        let base = if y * 5 > height * 3 { [170.0, 120.0, 70.0] } else { [190.0, 180.0, 165.0] };
        Rgb(base.map(|c: f32| (c * light).min(255.0) as u8))
    })
}

#[test]
fn one_to_five_stand_side_by_side_on_one_line_in_their_order() {
    let backdrop = Backdrop::warm();
    for count in 1..=5 {
        let cutouts: Vec<Cutout> = (0..count).map(|at| if at % 2 == 0 { ball() } else { bottle() }).collect();
        let pieces = with_sizes(&cutouts, &[1.0; 5]);
        for (size, safe) in [((900, 600), None), ((500, 900), Some([30.0, 200.0, 470.0, 650.0]))] {
            let scene = on(Ground::Studio(&backdrop), size, &pieces, safe);
            assert_eq!(scene.subjects.len(), count);
            let boxes: Vec<_> = scene.subjects.iter().map(|placed| placed.subject).collect();
            let [left, top, right, bottom] = safe.unwrap_or([0.0, 0.0, size.0 as f32, size.1 as f32]);
            for b in &boxes {
                assert!(b.x as f32 >= left - 1.0 && (b.x + b.width) as f32 <= right + 1.0, "{b:?} of {count}");
                assert!(b.y as f32 >= top - 1.0 && (b.y + b.height) as f32 <= bottom + 1.0, "{b:?} of {count}");
                assert!((b.y + b.height).abs_diff(boxes[0].y + boxes[0].height) <= 2, "one line: {boxes:?}");
            }
            for pair in boxes.windows(2) {
                assert!(pair[0].x + pair[0].width <= pair[1].x, "side by side: {boxes:?}");
            }
        }
    }
}

#[test]
fn sizes_say_how_tall_each_stands() {
    let cutouts = [ball(), bottle()];
    let backdrop = Backdrop::cool();
    let heights = |sizes: &[f32]| -> Vec<u32> {
        let scene = on(Ground::Studio(&backdrop), (800, 600), &with_sizes(&cutouts, sizes), None);
        scene.subjects.iter().map(|placed| placed.subject.height).collect()
    };
    let even = heights(&[1.0, 1.0]);
    assert!(even[0].abs_diff(even[1]) <= 2, "{even:?}");
    let uneven = heights(&[1.0, 2.0]);
    assert!((uneven[1] as f32 / uneven[0] as f32 - 2.0).abs() < 0.05, "{uneven:?}");
}

#[test]
fn several_on_white_keep_the_edge_white() {
    let cutouts = [ball(), bottle(), ball()];
    let white = Backdrop::white();
    let scene = on(Ground::Studio(&white), (600, 600), &with_sizes(&cutouts, &[1.0; 3]), None);
    let edge = |x: u32, y: u32| x < 6 || y < 6 || x >= 594 || y >= 594;
    assert!(scene.image.enumerate_pixels().filter(|(x, y, _)| edge(*x, *y)).all(|(_, _, p)| p.0 == [255; 3]));
}

#[test]
fn in_a_scene_the_subjects_own_pixels_are_not_touched() {
    let (ball, table) = (ball(), table(700, 500));
    // On white nothing tints, so what is opaque there is what the subject is.
    let plain = compose(700, 500, &Backdrop::white(), &ball, &Placement::in_scene()).unwrap();
    let scene = compose_on(700, 500, Ground::Scene(&table), &[(&ball).into()], &Placement::in_scene()).unwrap();
    assert_eq!(scene.subject, plain.subject);
    let (cut, own) = (scene.subjects[0].cut(&scene.image), plain.subjects[0].cut(&plain.image));
    let opaque = cut.pixels().zip(own.pixels()).filter(|(cut, _)| cut.0[3] == 255);
    let (same, all) = opaque.fold((0, 0), |(same, all), (cut, own)| (same + u32::from(cut == own), all + 1));
    assert!(all > 10_000 && same == all, "{same} of {all}");
}

#[test]
fn shadows_fall_away_from_the_scenes_light_and_take_on_its_colour() {
    let (ball, table) = (ball(), table(700, 500));
    let scene = compose_on(700, 500, Ground::Scene(&table), &[(&ball).into()], &Placement::in_scene()).unwrap();
    let s = scene.subject;
    // What is missing of each channel, beside the subject's foot.
    let missing = |x: u32, y: u32, channel: usize| {
        1.0 - f32::from(scene.image.get_pixel(x, y).0[channel]) / f32::from(table.get_pixel(x, y).0[channel]).max(1.0)
    };
    let row = s.y + s.height - s.height / 12;
    let sum = |xs: std::ops::Range<u32>, channel| xs.map(|x| missing(x, row, channel)).sum::<f32>();
    let (left, right) = (sum(s.x.saturating_sub(40)..s.x, 0), sum(s.x + s.width..s.x + s.width + 40, 0));
    assert!(right > left * 1.1, "lit from the left, the shadow is on the right: {left} {right}");
    let foot = (s.x + s.width / 2, s.y + s.height + 3);
    let (red, blue) = (missing(foot.0, foot.1, 0), missing(foot.0, foot.1, 2));
    assert!(red > 0.15 && blue > red, "a warm scene has warm shadows: {red} {blue}");
    assert_eq!(scene.image.get_pixel(5, 5), table.get_pixel(5, 5), "elsewhere the scene is as it was drawn");
}

#[test]
fn a_scene_covers_a_canvas_of_any_shape_and_nobody_is_no_scene() {
    let (ball, table) = (ball(), table(300, 300));
    let scene = on(Ground::Scene(&table), (900, 300), &[(&ball).into()], None);
    assert_eq!(scene.image.dimensions(), (900, 300));
    let nobody = compose_on(100, 100, Ground::Scene(&table), &[], &Placement::default());
    assert!(nobody.is_err());
}
