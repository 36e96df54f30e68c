//! Colours by whatever a file says of them.

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, IccOutcome, Limits, OutputProfile, decode};
use jpeg_encoder::{ColorType, Encoder};

fn shown(bytes: &[u8]) -> (IccOutcome, [u8; 3]) {
    let decoded = decode(bytes, &Limits::default()).unwrap();
    let image = decoded.to_rgb();
    (decoded.icc, image.get_pixel(image.width() / 2, image.height() / 2).0)
}

fn near([a, b]: [[u8; 3]; 2], most: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= most)
}

/// Inks of a strong red on FOGRA39, 255 being all of it.
const RED: [u8; 4] = [20, 240, 230, 5];

fn inks(kind: ColorType, profile: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 100);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).unwrap();
    }
    // The encoder writes them inverted, as Adobe does.
    encoder.encode(&RED.repeat(32 * 32), 32, 32, kind).unwrap();
    bytes
}

#[test]
fn inks_are_no_negative_whether_or_not_they_were_turned_into_other_channels() {
    let coated = OutputProfile::coated();
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        for profile in [None, Some(coated.icc())] {
            let (outcome, [r, g, b]) = shown(&inks(kind, profile));
            assert_eq!(outcome, IccOutcome::Converted);
            assert!(r > 170 && g < 80 && b < 80, "{kind:?}: {r} {g} {b}");
        }
    }
    let decoded = decode(&inks(ColorType::Cmyk, None), &Limits::default()).unwrap();
    assert!(decoded.header.cmyk && decoded.header.format == Format::Jpeg);
}

/// A JPEG with EXIF as cameras write it: this colour space and interoperability index.
fn camera(space: u16, index: &[u8; 4]) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let directory =
        |entries: &[Vec<u8>]| [&(entries.len() as u16).to_le_bytes()[..], &entries.concat(), &[0; 4]].concat();
    let first = directory(&[entry(0x8769, 4, 1, 26u32.to_le_bytes())]);
    let space = [space.to_le_bytes(), [0; 2]].concat();
    let camera = directory(&[entry(0xa001, 3, 1, space.try_into().unwrap()), entry(0xa005, 4, 1, 56u32.to_le_bytes())]);
    let exif = [b"II*\0\x08\0\0\0".as_slice(), &first, &camera, &directory(&[entry(1, 2, 4, *index)])].concat();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 100);
    encoder.add_exif_metadata(&exif).unwrap();
    encoder.encode(&[180, 60, 60].repeat(256), 16, 16, ColorType::Rgb).unwrap();
    bytes
}

#[test]
fn cameras_say_adobe_rgb_by_exif() {
    // (180, 60, 60) of Adobe RGB is this in sRGB, by the matrices of both.
    let (outcome, seen) = shown(&camera(0xffff, b"R03\0"));
    assert!(outcome == IccOutcome::Converted && near([seen, [209, 57, 58]], 4), "{seen:?}");
    for (space, index) in [(1, b"R98\0"), (0xffff, b"R98\0"), (1, b"R03\0")] {
        let (outcome, seen) = shown(&camera(space, index));
        assert!(outcome == IccOutcome::Absent && near([seen, [180, 60, 60]], 3), "{space} {seen:?}");
    }
}

/// A PNG of one colour with these chunks before its pixels.
fn png(chunks: &[(&[u8; 4], &[u8])], colour: [u8; 3]) -> Vec<u8> {
    let mut plain = Vec::new();
    let image = RgbImage::from_pixel(4, 4, Rgb(colour));
    image.write_to(&mut std::io::Cursor::new(&mut plain), cavendish_imaging::image::ImageFormat::Png).unwrap();
    let made = chunks.iter().flat_map(|(name, data)| {
        let sum = crc32fast::hash(&[name.as_slice(), data].concat());
        [&(data.len() as u32).to_be_bytes()[..], name.as_slice(), data, &sum.to_be_bytes()].concat()
    });
    let made: Vec<u8> = made.collect();
    [&plain[..33], &made, &plain[33..]].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

#[test]
fn png_says_colours_by_chunks_in_their_order_of_precedence() {
    let colour = [180, 100, 60];
    let old = numbers(&[55_556]);
    let adobe = numbers(&[31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000]);
    // v^1.8, by the curve of sRGB.
    let by_power = colour.map(|v: u8| {
        let light = (f64::from(v) / 255.0).powf(1.8);
        ((1.055 * light.powf(1.0 / 2.4) - 0.055) * 255.0).round() as u8
    });
    let (outcome, seen) = shown(&png(&[(b"gAMA", &old)], colour));
    assert!(outcome == IccOutcome::Converted && near([seen, by_power], 1), "{seen:?} {by_power:?}");
    let (outcome, seen) = shown(&png(&[(b"gAMA", &numbers(&[45_455])), (b"cHRM", &adobe)], colour));
    assert!(outcome == IccOutcome::Converted && seen[0] > 200 && seen[1].abs_diff(99) < 4, "{seen:?}");
    let p3 = shown(&png(&[(b"cICP", &[12, 13, 0, 1])], [200, 100, 100]));
    assert!(p3.0 == IccOutcome::Converted && near([p3.1, [215, 93, 97]], 1), "{p3:?}");
    for chunks in
        [&[(b"sRGB", &[0][..]), (b"gAMA", &old)][..], &[(b"cICP", &[1, 13, 0, 1]), (b"gAMA", &old), (b"cHRM", &adobe)]]
    {
        assert_eq!(shown(&png(chunks, colour)), (IccOutcome::Srgb, colour));
    }
    // What every library writes says nothing more than sRGB.
    assert_eq!(shown(&png(&[(b"gAMA", &numbers(&[45_455]))], colour)).1, colour);
}

#[test]
fn a_checksum_that_does_not_hold_is_a_broken_file() {
    let mut bytes = png(&[(b"gAMA", &numbers(&[55_556]))], [180, 100, 60]);
    let at = bytes.windows(4).position(|name| name == b"gAMA").unwrap() + 5;
    bytes[at] ^= 1;
    let error = decode(&bytes, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("the checksum of gAMA"), "{error}");
}

#[test]
fn light_beyond_white_is_mapped_not_greyed() {
    // 203 and 1000 cd/m² of white, and a red of 100 cd/m², by the perceptual quantiser (ITU-R BT.2408: white at 58 %).
    let level = |share: f64| (share * 255.0).round() as u8;
    let white = shown(&png(&[(b"cICP", &[9, 16, 0, 1])], [level(0.58); 3])).1;
    assert!(white[0] > 250, "{white:?}");
    let grey = shown(&png(&[(b"cICP", &[9, 16, 0, 1])], [level(0.38); 3])).1;
    // 38 % of the signal are 26 cd/m², 13 % of white.
    assert!(grey[0].abs_diff(102) < 8, "{grey:?}");
    let hlg = shown(&png(&[(b"cICP", &[9, 18, 0, 1])], [level(0.75); 3])).1;
    assert!(hlg[0] > 250, "{hlg:?}");
}
