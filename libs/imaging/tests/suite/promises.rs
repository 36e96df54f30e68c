//! An asset that is told to be compliant is so: whatever was placed or drawn, and for every spec, what an independent look
//! at the bytes finds breaks no rule. Nothing here uses `measure` or `Spec::check` to look.

use cavendish_imaging::image::{self, Rgba, RgbaImage};
use cavendish_imaging::{
    Backdrop, Cutout, Edges, Encoded, Format, Marking, Metadata, Method, PixelBox, Placement, Target, compose, encode,
    fit, measure,
};
use cavendish_specs::{Background, Catalogue, Spec};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestCaseResult, TestRng, TestRunner};
use std::cell::Cell;

/// A coloured shape on transparency.
#[derive(Debug, Clone)]
struct Subject {
    size: (u32, u32),
    round: bool,
    colour: [u8; 3],
}

impl Subject {
    fn covers(&self, x: f32, y: f32) -> bool {
        let (u, v) = (x / self.size.0 as f32 * 2.0 - 1.0, y / self.size.1 as f32 * 2.0 - 1.0);
        if self.round { u * u + v * v <= 1.0 } else { u.abs() <= 1.0 && v.abs() <= 1.0 }
    }

    fn cutout(&self) -> Cutout {
        const RIM: u32 = 8;
        let (width, height) = self.size;
        let rgba = RgbaImage::from_fn(width + 2 * RIM, height + 2 * RIM, |x, y| {
            let inside = self.covers(x as f32 + 0.5 - RIM as f32, y as f32 + 0.5 - RIM as f32);
            let [r, g, b] = self.colour;
            Rgba([r, g, b, if inside { 255 } else { 0 }])
        });
        let bbox = PixelBox { x: RIM, y: RIM, width, height };
        Cutout {
            rgba,
            bbox,
            confidence: 1.0,
            uncertain: None,
            doubts: vec![],
            measures: None,
            touches: Edges::default(),
            method: Method::Alpha,
        }
    }
}

/// One asset that is made.
#[derive(Debug, Clone)]
struct Case {
    spec: &'static Spec,
    format: Format,
    subject: Subject,
    /// Wanted share of the frame; now and then none that the spec allows.
    fill: f32,
    backdrop: [u8; 3],
    /// Whether a whole render is fitted, instead of a cut-out placed, and where in it the subject is.
    drawn: Option<(f32, f32)>,
    marked: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let specs: Vec<&'static Spec> = Catalogue::builtin().iter().filter(|spec| pixels(spec) <= 800_000).collect();
    let subject = ((40..260_u32, 40..260_u32), any::<bool>(), prop::sample::select(vec![[200, 30, 30], [20, 60, 190]]));
    let subject = subject.prop_map(|(size, round, colour)| Subject { size, round, colour });
    let backdrops = vec![[255; 3], [236, 236, 238], [214, 206, 196], [90, 92, 96]];
    let format = any::<prop::sample::Index>();
    let parts = (prop::sample::select(specs), format, subject, 0.3..1.0_f32, prop::sample::select(backdrops));
    let drawn = prop::option::of((0.35..0.65_f32, 0.35..0.65_f32));
    (parts, drawn, any::<bool>()).prop_map(|((spec, format, subject, fill, backdrop), drawn, marked)| {
        let written = [Format::Jpeg, Format::Png, Format::Webp];
        let formats: Vec<_> = spec.formats.iter().filter(|format| written.contains(format)).collect();
        let backdrop = if spec.background == Background::PureWhite { [255; 3] } else { backdrop };
        // Half of the fills are those that are asked for.
        let fill = spec.fill.filter(|_| marked).map_or(fill, |wanted| wanted.target);
        Case { spec, format: **format.get(&formats), subject, fill, backdrop, drawn, marked }
    })
}

/// Pixels that are made: what may be smaller than the target is made small, so that many cases take little time.
fn size(spec: &Spec) -> (u32, u32) {
    let Some(longest) = spec.size.min_longest.or(spec.size.min_width) else {
        return (spec.size.width, spec.size.height);
    };
    let shrunk = longest.max(600) as f32 / spec.size.width.max(spec.size.height) as f32;
    let side = |side: u32| (side as f32 * shrunk.min(1.0)).round() as u32;
    (side(spec.size.width), side(spec.size.height))
}

fn pixels(spec: &Spec) -> u64 {
    let (width, height) = size(spec);
    u64::from(width) * u64::from(height)
}

fn make(case: &Case) -> Option<Encoded> {
    let (w, h) = size(case.spec);
    let safe = Some(case.spec.safe_area(w, h));
    let backdrop = if case.backdrop == [255; 3] { Backdrop::white() } else { Backdrop::of(case.backdrop) };
    let placement = Placement { fill: case.fill, safe, ..Placement::default() };
    let subject = case.subject.cutout();
    let image = match case.drawn {
        None => compose(w, h, &backdrop, &subject, &placement).unwrap().image,
        Some(anchor) => {
            let placement = Placement { fill: case.fill * 0.8, anchor, ..Placement::default() };
            let render = compose(320, 320, &backdrop, &subject, &placement).unwrap().image;
            fit(&render, w, h, None, safe).unwrap().image
        }
    };
    let marking = case.marked.then_some(Marking::TrainedAlgorithmicMedia);
    let budget = case.spec.max_bytes.map(|bytes| bytes as usize);
    // What fits no budget becomes no asset.
    encode(&image, &Target::of(case.format).within(budget), &Metadata { marking, ..Metadata::default() }).ok()
}

/// Whether the asset is told to be compliant; then it has to be.
fn holds(case: &Case) -> Result<bool, TestCaseError> {
    let Some(file) = make(case) else { return Ok(false) };
    let report = case.spec.check(&measure(&file.bytes).unwrap());
    if report.compliant {
        look(case, &file.bytes)?;
    }
    Ok(report.compliant)
}

/// Looks at the bytes with another decoder's eyes and the rules as they are written down.
fn look(case: &Case, bytes: &[u8]) -> TestCaseResult {
    let (spec, size) = (case.spec, &case.spec.size);
    prop_assert!(spec.max_bytes.is_none_or(|max| bytes.len() as u64 <= max));
    let format = image::guess_format(bytes).unwrap();
    prop_assert!(spec.formats.iter().any(|allowed| format.to_mime_type() == allowed.mime()), "{format:?}");
    let picture = image::load_from_memory(bytes).unwrap();
    prop_assert_eq!(picture.color(), image::ColorType::Rgb8);
    let picture = picture.to_rgb8();
    let (w, h) = picture.dimensions();
    let within = |least: Option<u32>, side: u32, most: Option<u32>| {
        least.is_none_or(|least| side >= least) && most.is_none_or(|most| side <= most)
    };
    prop_assert!(within(size.min_width, w, size.max_width) && within(size.min_height, h, size.max_height));
    prop_assert!(within(size.min_longest, w.max(h), None));
    prop_assert!(!size.exact || (w, h) == (size.width, size.height));
    let bent = f64::from(w) * f64::from(size.height) / (f64::from(h) * f64::from(size.width)) - 1.0;
    prop_assert!(size.ratio_tolerance.is_none_or(|tolerance| bent.abs() <= tolerance + 1e-6), "bent by {bent}");
    if spec.background == Background::PureWhite {
        let edge = |x: u32, y: u32| x.min(y).min(w - 1 - x).min(h - 1 - y) < 2;
        prop_assert!(picture.enumerate_pixels().all(|(x, y, p)| !edge(x, y) || p.0 == [255; 3]), "a grey edge");
    }
    if spec.requires_marking {
        let text = String::from_utf8_lossy(bytes);
        prop_assert!(text.contains("digitalsourcetype/trainedAlgorithmicMedia"), "not marked");
    }
    look_at_subject(case, &picture)
}

/// The subject is the only thing that is colourful: its true place is where the colour is.
fn look_at_subject(case: &Case, picture: &image::RgbImage) -> TestCaseResult {
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    let colourful = |p: &image::Rgb<u8>| p.0.iter().max().unwrap() - p.0.iter().min().unwrap() > 80;
    let mut found = [w, h, 0.0, 0.0];
    for (x, y, _) in picture.enumerate_pixels().filter(|(_, _, p)| colourful(p)) {
        let (x, y) = (x as f32, y as f32);
        found = [found[0].min(x), found[1].min(y), found[2].max(x + 1.0), found[3].max(y + 1.0)];
    }
    prop_assert!(found[2] > found[0], "the subject is gone");
    let (wide, high) = (found[2] - found[0], found[3] - found[1]);
    // Codecs halve the colours' resolution, and the subject's box is told on at most 900 pixels.
    let slack = 3.0 + w.max(h) / 450.0;
    let [left, top, right, bottom] = case.spec.safe_area(picture.width(), picture.height());
    let inside =
        found[0] >= left - slack && found[1] >= top - slack && found[2] <= right + slack && found[3] <= bottom + slack;
    prop_assert!(inside, "{found:?} leaves the safe area {left}..{right} × {top}..{bottom}");
    let (true_wide, true_high) = (case.subject.size.0 as f32, case.subject.size.1 as f32);
    let scale = (wide / true_wide).max(high / true_high);
    let even = (wide - true_wide * scale).abs() <= 2.0 * slack && (high - true_high * scale).abs() <= 2.0 * slack;
    prop_assert!(even, "{wide}×{high} is {true_wide}×{true_high} stretched or cut");
    if let Some(fill) = case.spec.fill {
        let share = (wide / w).max(high / h);
        let slack = slack / w.min(h);
        prop_assert!((fill.min - slack..=fill.max + slack).contains(&share), "fills {share}");
    }
    Ok(())
}

#[test]
fn what_is_told_to_be_compliant_breaks_no_rule() {
    // The same cases every time: a test of the line's promises is no place for luck.
    let config = Config { cases: 48, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let compliant = Cell::new(0);
    let told = |case: Case| holds(&case).map(|told| compliant.set(compliant.get() + u32::from(told)));
    runner.run(&cases(), told).unwrap();
    assert!((24..48).contains(&compliant.get()), "{} of 48: too few, or no limit was ever broken", compliant.get());
}
