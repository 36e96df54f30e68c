//! Encoding: within the budget, the same every time, marked, tagged, and white where white is asked for.

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{
    Format, Limits, Look, Marking, Metadata, OutputProfile, Quality, Reason, Target, decode, encode, look, measure,
    similarity,
};
use cavendish_specs::ColourSpace;

use crate::samples::{Dice, busy};

const WRITTEN: [Format; 6] = [Format::Jpeg, Format::Png, Format::Webp, Format::Avif, Format::Tiff, Format::Pdf];

fn plain(image: &RgbImage, format: Format, budget: Option<usize>) -> Result<cavendish_imaging::Encoded, Reason> {
    encode(image, &Target::of(format).within(budget), &Metadata::default()).map_err(|e| e.reason)
}

#[test]
fn a_smaller_budget_costs_quality_and_is_kept() {
    let image = busy(300, 200);
    for format in [Format::Jpeg, Format::Webp, Format::Avif] {
        let free = plain(&image, format, None).unwrap();
        assert_eq!(free.quality, Some(92));
        let least = match plain(&image, format, Some(100)) {
            Err(Reason::BudgetUnreachable { best, budget: 100, .. }) => best,
            other => panic!("{other:?}"),
        };
        let likeness = |file: &[u8]| similarity(&decode(file, &Limits::default()).unwrap().to_rgb(), &image);
        let mut before = (1.0, 92);
        for step in (0..=8).rev() {
            let budget = least + (free.bytes.len() - least) * step / 8;
            let file = plain(&image, format, Some(budget)).unwrap();
            assert!(file.bytes.len() <= budget, "{format:?} {budget}");
            let now = (likeness(&file.bytes), file.quality.unwrap());
            // Qualities compare only where colour has the same resolution: what is seen always does.
            assert!(now.0 <= before.0 + 1e-3 && (60..=92).contains(&now.1), "{format:?}: {now:?} after {before:?}");
            before = now;
        }
        assert_eq!(before.1, 60, "the smallest file is that of the least quality");
    }
}

#[test]
fn the_quality_is_the_best_that_fits() {
    let image = busy(200, 200);
    let budget = plain(&image, Format::Webp, None).unwrap().bytes.len() * 2 / 3;
    let quality = plain(&image, Format::Webp, Some(budget)).unwrap().quality.unwrap();
    let next = Quality { min: quality + 1, max: quality + 1 };
    let better = encode(&image, &Target::of(Format::Webp).within(Some(budget)).at(next), &Metadata::default());
    assert!(matches!(better.unwrap_err().reason, Reason::BudgetUnreachable { .. }));
}

#[test]
fn png_says_when_it_cannot_and_tries_hard_when_it_nearly_can() {
    let image = busy(120, 120);
    let quick = plain(&image, Format::Png, None).unwrap();
    assert_eq!(quick.quality, None);
    assert!(matches!(plain(&image, Format::Png, Some(2000)), Err(Reason::BudgetUnreachable { .. })));
    let smooth = RgbImage::from_fn(256, 256, |x, y| Rgb([(x / 2 + y / 3) as u8, (x ^ y) as u8, 40]));
    let quick = plain(&smooth, Format::Png, None).unwrap().bytes.len();
    let thorough = plain(&smooth, Format::Png, Some(quick * 9 / 10)).unwrap().bytes.len();
    assert!(thorough <= quick * 9 / 10);
}

#[test]
fn what_is_not_written_here_is_said() {
    assert_eq!(plain(&busy(8, 8), Format::Gif, None), Err(Reason::CannotWrite(Format::Gif)));
    assert!(matches!(plain(&RgbImage::new(0, 4), Format::Png, None), Err(Reason::Invalid(_))));
}

#[test]
fn the_same_picture_gives_the_same_bytes() {
    let metadata = Metadata { marking: Some(Marking::TrainedAlgorithmicMedia), seed: Some(7), ..Metadata::default() };
    for format in WRITTEN {
        let once = || encode(&busy(90, 70), &Target::of(format).within(Some(60_000)), &metadata).unwrap();
        assert_eq!(once(), once(), "{format:?}");
    }
}

#[test]
fn every_format_carries_its_marking_and_its_colour_tag() {
    for (marking, name) in [
        (Marking::TrainedAlgorithmicMedia, "trainedAlgorithmicMedia"),
        (Marking::CompositeWithTrainedAlgorithmicMedia, "compositeWithTrainedAlgorithmicMedia"),
    ] {
        let metadata = Metadata {
            dpi: None,
            bleed_mm: None,
            marking: Some(marking),
            creator_tool: Some("Cavendish <&> \"friends\"\u{0}".into()),
            model: Some("nano".into()),
            seed: Some(u64::MAX),
            prompt_hash: Some("ab".repeat(40_000)),
            job: Some("job-1".into()),
        };
        for format in WRITTEN {
            let file = encode(&busy(64, 48), &Target::of(format), &metadata).unwrap();
            let facts = measure(&file.bytes).unwrap();
            assert_eq!(facts.digital_source_type.as_deref(), Some(name), "{format:?}");
            assert_eq!(facts.colour_space, ColourSpace::Srgb, "{format:?}");
            assert_eq!((facts.format, facts.bytes), (format, file.bytes.len() as u64));
            assert_eq!((facts.width, facts.height, facts.bit_depth, facts.has_alpha), (64, 48, 8, false));
            assert_eq!(file.mime, format.mime());
        }
    }
    let bare = plain(&busy(64, 48), Format::Jpeg, None).unwrap();
    assert_eq!(measure(&bare.bytes).unwrap().digital_source_type, None);
}

#[test]
fn the_packet_is_well_formed_whatever_it_holds() {
    let metadata = Metadata { job: Some("<a>&\"'\n".into()), ..Metadata::default() };
    let packet = metadata.xmp().unwrap();
    assert!(packet.contains("<cavendish:Job>&lt;a&gt;&amp;\"' </cavendish:Job>"), "{packet}");
    assert_eq!(packet.matches("<rdf:").count(), packet.matches("</rdf:").count());
    assert_eq!(Metadata::default().xmp(), None);
}

/// A quantiser that maps white to 254 would fail every marketplace that asks for white; none of those takes WebP.
#[test]
fn white_stays_white_at_every_quality() {
    let image = RgbImage::from_fn(96, 96, |x, y| {
        let subject = (36..60).contains(&x) && (36..60).contains(&y);
        if subject { Rgb([150, 40, 20]) } else { Rgb([255; 3]) }
    });
    for (format, off) in [(Format::Jpeg, 0), (Format::Webp, 1), (Format::Avif, 1)] {
        for quality in 60..=100 {
            let range = Quality { min: quality, max: quality };
            let file = encode(&image, &Target::of(format).at(range), &Metadata::default()).unwrap();
            let border = measure(&file.bytes).unwrap().border;
            assert!(border.largest_deviation <= off, "{format:?} at {quality}: {border:?}");
        }
    }
}

#[test]
fn colours_look_the_same_in_every_profile() {
    let swatches =
        [[255, 255, 255], [0, 0, 0], [200, 60, 50], [30, 110, 60], [40, 70, 160], [230, 200, 60], [128, 128, 128]];
    let image = RgbImage::from_fn(140, 20, |x, _| Rgb(swatches[x as usize / 20]));
    let profiles = [
        (
            OutputProfile::display_p3(),
            ColourSpace::DisplayP3,
            vec![Format::Png, Format::Tiff, Format::Jpeg, Format::Avif],
            8,
        ),
        // Ink is duller than light, and the blackest of it is grey.
        (OutputProfile::coated(), ColourSpace::Cmyk, vec![Format::Tiff, Format::Pdf], 40),
    ];
    for (profile, space, formats, off) in profiles {
        for format in formats {
            let target = Target { profile: profile.clone(), ..Target::of(format) };
            let file = encode(&image, &target, &Metadata::default()).unwrap();
            let Look { facts, shown, .. } = look(&file.bytes).unwrap();
            assert_eq!(facts.colour_space, space, "{format:?}");
            for (n, swatch) in swatches.iter().enumerate() {
                let seen = shown.get_pixel(n as u32 * 20 + 10, 10).0;
                let most = swatch.iter().zip(seen).map(|(a, b)| a.abs_diff(b)).max();
                assert!(most <= Some(off), "{format:?} {space:?}: {swatch:?} became {seen:?}");
            }
            assert_eq!(shown.get_pixel(10, 10).0, [255; 3], "{format:?}: paper is white");
        }
    }
}

#[test]
fn a_press_is_a_profile_of_cmyk_and_its_files_are_tiff_or_pdf() {
    let reason = |icc: &[u8]| OutputProfile::press(icc).unwrap_err().to_string();
    assert!(reason(b"no profile").contains("no ICC profile"));
    assert!(reason(OutputProfile::srgb().icc()).contains("not of CMYK"));
    let target = Target { profile: OutputProfile::coated(), ..Target::of(Format::Jpeg) };
    let refused = encode(&busy(8, 8), &target, &Metadata::default()).unwrap_err();
    assert!(refused.to_string().contains("not written in CMYK; TIFF and PDF are"), "{refused}");
}

/// Whether a JPEG has its colour at half of its resolution, by its frame header.
fn is_halved(file: &[u8]) -> bool {
    let frame = file.windows(2).position(|pair| matches!(pair, [0xff, 0xc0..=0xc2])).unwrap();
    file[frame + 11] == 0x22
}

#[test]
fn where_bytes_are_scarce_colour_keeps_its_resolution_if_it_shows() {
    // Red type on blue, as bright as its ground: all of it is colour.
    let type_like = RgbImage::from_fn(240, 160, |x, y| {
        let stroke = (x / 3 + y / 40) % 3 == 0;
        if stroke { Rgb([200, 30, 40]) } else { Rgb([20, 80, 255]) }
    });
    // Fine grain, and colours that change slowly.
    let mut dice = Dice(7);
    let photo_like = RgbImage::from_fn(240, 160, |x, y| {
        let grain = dice.roll(90) as u32;
        Rgb([60 + grain + x / 6, 70 + grain + y / 6, 80 + grain].map(|level| level as u8))
    });
    for (image, halved) in [(type_like, false), (photo_like, true)] {
        let free = plain(&image, Format::Jpeg, None).unwrap().bytes.len();
        let file = plain(&image, Format::Jpeg, Some(free * 6 / 10)).unwrap();
        assert_eq!(is_halved(&file.bytes), halved, "{} of {free} bytes at {:?}", file.bytes.len(), file.quality);
    }
}
