//! Scenes: nothing stretched, nothing cut, white exactly white, and every spec of the catalogue met.

use cavendish_imaging::image::Rgb;
use cavendish_imaging::{
    Backdrop, Cutout, Edges, Format, Marking, Metadata, Placement, Shadow, Target, compose, encode, measure,
};
use cavendish_specs::{Background, Catalogue, Spec};

use crate::samples::ball;

fn bare() -> Placement {
    Placement { shadow: None, ..Placement::default() }
}

#[test]
fn a_white_scene_has_an_exactly_white_edge_and_a_shadow_inside() {
    let subject = ball();
    let placement = Placement { fill: 0.86, ..Placement::default() };
    let scene = compose(400, 400, &Backdrop::white(), &subject, &placement).unwrap();
    let edge = |x: u32, y: u32| x < 8 || y < 8 || x >= 392 || y >= 392;
    assert!(scene.image.enumerate_pixels().filter(|(x, y, _)| edge(*x, *y)).all(|(_, _, p)| p.0 == [255; 3]));
    let foot = scene.subject.y + scene.subject.height + 4;
    let shade = scene.image.get_pixel(200, foot).0;
    assert!(shade[0] < 235, "a shadow under the subject: {shade:?}");
    assert!(shade.iter().max().unwrap() - shade.iter().min().unwrap() < 4, "and a neutral one: {shade:?}");
    let without = compose(400, 400, &Backdrop::white(), &subject, &bare()).unwrap();
    assert_eq!(without.image.get_pixel(200, 399 - 12), &Rgb([255; 3]));
}

#[test]
fn subjects_are_scaled_evenly_and_stay_in_their_room() {
    let subject = ball();
    for (w, h, safe) in [
        (600, 600, None),
        (1200, 300, None),
        (300, 900, Some([20.0, 200.0, 280.0, 500.0])),
        (500, 400, Some([0.0, 0.0, 120.0, 400.0])),
    ] {
        for anchor in [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)] {
            let placement = Placement { fill: 0.9, safe, anchor, ..Placement::default() };
            let scene = compose(w, h, &Backdrop::warm(), &subject, &placement).unwrap();
            let s = scene.subject;
            let ratio = s.width as f32 / s.height as f32;
            assert!((ratio - subject.bbox.width as f32 / subject.bbox.height as f32).abs() < 0.03, "ratio {ratio}");
            let [left, top, right, bottom] = safe.unwrap_or([0.0, 0.0, w as f32, h as f32]);
            assert!(s.x as f32 >= left - 1.0 && s.y as f32 >= top - 1.0, "{s:?}");
            assert!((s.x + s.width) as f32 <= right + 1.0 && (s.y + s.height) as f32 <= bottom + 1.0, "{s:?}");
            assert_eq!(scene.image.dimensions(), (w, h));
        }
    }
}

#[test]
fn fill_and_enlargement_are_reported() {
    let subject = ball();
    let scene = compose(1000, 1000, &Backdrop::white(), &subject, &Placement { fill: 0.8, ..bare() }).unwrap();
    assert!((scene.fill - 0.8).abs() < 0.01, "{}", scene.fill);
    let expected = 800.0 / subject.bbox.width.max(subject.bbox.height) as f32;
    assert!((scene.scale - expected).abs() < 0.02 * expected, "{} of {expected}", scene.scale);
    let small = compose(100, 100, &Backdrop::white(), &subject, &bare()).unwrap();
    assert!(small.scale < 1.0);
}

#[test]
fn a_subject_that_was_cut_off_is_set_against_the_edge_unless_the_edge_must_be_white() {
    let cut = Cutout { touches: Edges { bottom: true, ..Edges::default() }, ..ball() };
    let foot = |backdrop: &Backdrop| {
        let scene = compose(300, 300, backdrop, &cut, &Placement { fill: 0.6, ..Placement::default() }).unwrap();
        scene.subject.y + scene.subject.height
    };
    assert_eq!(foot(&Backdrop::cool()), 300);
    assert!(foot(&Backdrop::white()) < 270);
}

#[test]
fn backdrops_are_smooth_seeded_and_free_of_bands() {
    let backdrop = Backdrop::of([60, 110, 160]);
    let image = backdrop.render(400, 300);
    for y in 0..300 {
        for x in 1..400 {
            let (a, b) = (image.get_pixel(x - 1, y).0, image.get_pixel(x, y).0);
            assert!((0..3).all(|k| a[k].abs_diff(b[k]) <= 4), "a step at {x}, {y}: {a:?} {b:?}");
        }
    }
    // Bands are long runs of one value; the dither breaks them up.
    let longest = (0..400)
        .map(|x| {
            (1..300)
                .fold((1, 1), |(run, most), y| {
                    let run = if image.get_pixel(x, y) == image.get_pixel(x, y - 1) { run + 1 } else { 1 };
                    (run, most.max(run))
                })
                .1
        })
        .max();
    assert!(longest < Some(40), "{longest:?}");
    assert_eq!(backdrop.render(40, 30), backdrop.render(40, 30));
    assert_ne!(backdrop.render(40, 30), Backdrop { seed: 1, ..backdrop }.render(40, 30));
    assert!(Backdrop::white().render(9, 9).pixels().all(|p| p.0 == [255; 3]));
}

#[test]
fn backdrops_have_names() {
    assert!(Backdrop::named("white").unwrap().is_pure_white());
    assert_eq!(Backdrop::named("#336699").unwrap().wall, [0x33, 0x66, 0x99]);
    for wrong in ["", "#12345", "#gggggg", "#ééé", "mauve"] {
        assert_eq!(Backdrop::named(wrong), None, "{wrong}");
    }
}

#[test]
fn an_empty_canvas_is_refused() {
    let subject = ball();
    assert!(compose(0, 100, &Backdrop::white(), &subject, &bare()).is_err());
    let nowhere = Placement { safe: Some([50.0, 50.0, 50.0, 60.0]), ..bare() };
    assert!(compose(100, 100, &Backdrop::white(), &subject, &nowhere).is_err());
}

fn finished(spec: &Spec, subject: &Cutout) -> Vec<u8> {
    let (w, h) = (spec.size.width, spec.size.height);
    let white = spec.background == Background::PureWhite;
    let backdrop = if white { Backdrop::white() } else { Backdrop::light_grey() };
    let fill = spec.fill.map_or(0.72, |fill| fill.target);
    let placement = Placement { fill, safe: Some(spec.safe_area(w, h)), shadow: Some(Shadow::default()), ..bare() };
    let scene = compose(w, h, &backdrop, subject, &placement).unwrap();
    let metadata = Metadata { marking: Some(Marking::CompositeWithTrainedAlgorithmicMedia), ..Metadata::default() };
    let budget = spec.max_bytes.map(|bytes| bytes as usize);
    let format = if spec.formats.contains(&Format::Jpeg) { Format::Jpeg } else { spec.formats[0] };
    encode(&scene.image, &Target::of(format).within(budget), &metadata).unwrap().bytes
}

/// The whole way for every spec of up to 1.3 megapixels, ratios at 512, and for the marketplaces that ask most.
#[test]
fn a_subject_meets_every_spec_by_measurement_of_the_finished_bytes() {
    let subject = ball();
    for spec in Catalogue::builtin().iter() {
        let pixels = u64::from(spec.size.width) * u64::from(spec.size.height);
        let small = pixels <= if spec.network == "ratio" { 300_000 } else { 1_300_000 };
        if !small && !["amazon-main", "google-merchant", "meta-story"].contains(&spec.id.as_str()) {
            continue;
        }
        let facts = measure(&finished(spec, &subject)).unwrap();
        assert!(facts.subject.is_some(), "{}: no subject found", spec.id);
        let report = spec.check(&facts);
        let failures: Vec<_> = report.failures().collect();
        assert!(report.compliant, "{}: {failures:?}", spec.id);
    }
}
