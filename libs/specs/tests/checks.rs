//! Facts against specs: what is made to target passes, and every broken rule is named.

use cavendish_specs::{
    Background, Border, Catalogue, Colour, ColourSpace, Facts, Format, Frame, Outcome, PixelBox, Spec,
};

/// Facts of a file made exactly as the spec wants it.
fn ideal(spec: &Spec) -> Facts {
    let (width, height) = (spec.size.width, spec.size.height);
    let share = spec.fill.map_or(0.3, |fill| fill.target);
    let [left, top, right, bottom] = spec.safe_area(width, height);
    let side = (share * width.max(height) as f32).min(right - left).min(bottom - top);
    let subject = PixelBox {
        x: ((left + right - side) / 2.0).ceil() as u32,
        y: ((top + bottom - side) / 2.0).ceil() as u32,
        width: side as u32,
        height: side as u32,
    };
    Facts {
        width,
        height,
        format: spec.formats[0],
        bytes: spec.max_bytes.unwrap_or(1_000_000),
        border: Border { white_share: 1.0, largest_deviation: 0 },
        frame: None,
        fill: Some(share),
        subject: Some(subject),
        colour_space: match spec.colour {
            Colour::Srgb => ColourSpace::Srgb,
            Colour::DisplayP3 => ColourSpace::DisplayP3,
            Colour::Cmyk => ColourSpace::Cmyk,
        },
        bit_depth: 8,
        dpi: spec.dpi,
        bleed_mm: spec.bleed_mm,
        has_alpha: false,
        digital_source_type: Some("trainedAlgorithmicMedia".into()),
    }
}

fn failed(spec: &Spec, facts: &Facts) -> Vec<String> {
    let report = spec.check(facts);
    let names: Vec<String> = report.failures().map(|check| check.name.clone()).collect();
    assert_eq!(report.compliant, names.is_empty());
    names
}

#[test]
fn what_is_made_to_target_is_compliant_everywhere() {
    for spec in Catalogue::builtin().iter() {
        assert_eq!(failed(spec, &ideal(spec)), Vec::<String>::new(), "{}", spec.id);
    }
}

#[test]
fn every_limit_bites_one_step_beyond_it() {
    for spec in Catalogue::builtin().iter() {
        let mut facts = ideal(spec);
        if let Some(max) = spec.max_bytes {
            facts.bytes = max + 1;
            assert_eq!(failed(spec, &facts), ["bytes"], "{}", spec.id);
        }
        if let Some(fill) = spec.fill {
            let facts = Facts { fill: Some(fill.min - 0.01), ..ideal(spec) };
            assert_eq!(failed(spec, &facts), ["fill"], "{}", spec.id);
        }
        if spec.size.ratio_tolerance.is_some() {
            let facts = Facts { width: spec.size.width * 2, ..ideal(spec) };
            assert!(failed(spec, &facts).contains(&"ratio".to_owned()), "{}", spec.id);
        }
        if spec.requires_marking {
            let facts = Facts { digital_source_type: None, ..ideal(spec) };
            assert_eq!(failed(spec, &facts), ["marking"], "{}", spec.id);
        }
        if spec.bit_depth.is_some() {
            assert_eq!(failed(spec, &Facts { bit_depth: 16, ..ideal(spec) }), ["bit-depth"], "{}", spec.id);
        }
        if spec.dpi.is_some() {
            assert_eq!(failed(spec, &Facts { dpi: Some(72), ..ideal(spec) }), ["resolution"], "{}", spec.id);
            assert_eq!(failed(spec, &Facts { dpi: None, ..ideal(spec) }), ["resolution"], "{}", spec.id);
        }
        let press = spec.colour == Colour::Cmyk;
        let other = if press { ColourSpace::Srgb } else { ColourSpace::Cmyk };
        assert_eq!(failed(spec, &Facts { colour_space: other, ..ideal(spec) }), ["colour"], "{}", spec.id);
        if spec.bleed_mm.is_some() && press {
            for bleed_mm in [None, Some(2.0)] {
                assert_eq!(failed(spec, &Facts { bleed_mm, ..ideal(spec) }), ["bleed"], "{}", spec.id);
            }
            let tiff = Facts { bleed_mm: None, format: Format::Tiff, ..ideal(spec) };
            let check = spec.check(&tiff);
            assert_eq!(check.check("bleed").map(|check| check.outcome), Some(Outcome::NotMachineChecked));
        }
    }
}

#[test]
fn white_means_exactly_white() {
    let spec = Catalogue::builtin().get("amazon-main").unwrap();
    let facts = Facts { border: Border { white_share: 0.999, largest_deviation: 1 }, ..ideal(spec) };
    assert_eq!(failed(spec, &facts), ["background"]);
    assert_eq!(spec.background, Background::PureWhite);
}

#[test]
fn a_subject_in_the_clear_strip_fails() {
    let spec = Catalogue::builtin().get("meta-story").unwrap();
    let subject = Some(PixelBox { x: 300, y: 240, width: 800, height: 800 });
    assert_eq!(failed(spec, &Facts { subject, ..ideal(spec) }), ["safe-zone"]);
}

#[test]
fn what_no_machine_can_tell_is_said_and_does_not_fail() {
    let spec = Catalogue::builtin().get("google-merchant").unwrap();
    let report = spec.check(&Facts { fill: None, subject: None, ..ideal(spec) });
    assert!(report.compliant);
    for name in ["fill", "no-text", "no-watermark"] {
        assert_eq!(report.check(name).unwrap().outcome, Outcome::NotMachineChecked, "{name}");
    }
}

#[test]
fn a_thin_ring_is_a_frame_and_a_wide_one_may_be_the_backdrop() {
    let outcome = |id: &str, width: u32, colour: [u8; 3]| {
        let spec = Catalogue::builtin().get(id).unwrap();
        let report = spec.check(&Facts { frame: Some(Frame { width, colour }), ..ideal(spec) });
        report.check("no-border").unwrap().outcome
    };
    assert_eq!(outcome("ebay-listing", 20, [0; 3]), Outcome::Failed);
    assert_eq!(outcome("ebay-listing", 20, [255; 3]), Outcome::Failed);
    assert_eq!(outcome("ebay-listing", 200, [255; 3]), Outcome::NotMachineChecked);
    assert_eq!(outcome("amazon-main", 20, [255; 3]), Outcome::Passed);
    assert_eq!(outcome("amazon-main", 20, [0; 3]), Outcome::Failed);
}

#[test]
fn a_picture_is_of_the_shape_of_a_spec_by_its_ratio() {
    let shaped = |id: &str, width, height| Catalogue::builtin().get(id).unwrap().is_shaped_like(width, height);
    assert!(shaped("meta-story", 1080, 1920) && !shaped("meta-story", 1080, 1080));
    assert!(shaped("iab-mobile-banner", 640, 100) && !shaped("iab-mobile-banner", 728, 90));
    assert!(shaped("amazon-main", 300, 900), "any shape will do");
}

#[test]
fn a_fixed_size_is_fixed() {
    let spec = Catalogue::builtin().get("iab-billboard").unwrap();
    assert_eq!(failed(spec, &Facts { width: 971, ..ideal(spec) }), ["size"]);
}

#[test]
fn a_report_is_plain_json() {
    let spec = Catalogue::builtin().get("walmart-main").unwrap();
    let json = serde_json::to_value(spec.check(&ideal(spec))).unwrap();
    assert_eq!(json["compliant"], true);
    assert_eq!(json["checks"][0]["name"], "size");
    assert_eq!(json["checks"][0]["outcome"], "passed");
}

#[test]
fn a_photograph_put_together_without_a_model_needs_no_marking() {
    let marked: Vec<&Spec> = Catalogue::builtin().iter().filter(|spec| spec.requires_marking).collect();
    assert!(!marked.is_empty());
    let outcome = |spec: &Spec, kind: &str| {
        let facts = Facts { digital_source_type: Some(kind.into()), ..ideal(spec) };
        spec.check(&facts).check("marking").unwrap().outcome
    };
    for spec in marked {
        assert_eq!(outcome(spec, "composite"), Outcome::NotApplicable, "{}", spec.id);
        assert_eq!(outcome(spec, "compositeWithTrainedAlgorithmicMedia"), Outcome::Passed, "{}", spec.id);
        assert_eq!(outcome(spec, "digitalCapture"), Outcome::Failed, "{}", spec.id);
    }
}
