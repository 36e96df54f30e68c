//! Nothing is delivered with parts missing, and nothing that is all there is refused for what lies between or behind it.

use cavendish_imaging::image::{ImageFormat, RgbImage};
use cavendish_imaging::{Format, Limits, Metadata, Target, decode, encode};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::samples::{busy, file};

/// A JPEG of that picture.
fn jpeg(image: &RgbImage, progressive: bool, restart: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_progressive(progressive);
    encoder.set_restart_interval(restart);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder.encode(image.as_raw(), width, height, ColorType::Rgb).unwrap();
    bytes
}

fn pixels(bytes: &[u8]) -> RgbImage {
    decode(bytes, &Limits::default()).unwrap().to_rgb()
}

fn code(bytes: &[u8]) -> &'static str {
    decode(bytes, &Limits::default()).map_or_else(|error| error.code(), |_| "taken")
}

/// Where the first scan begins.
fn scan(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap()
}

#[test]
fn a_jpeg_that_breaks_off_is_refused_whatever_is_put_behind_it() {
    let image = busy(200, 150);
    let preview = jpeg(&busy(16, 16), false, 0);
    for (progressive, restart) in [(false, 0), (false, 4), (true, 0)] {
        let whole = jpeg(&image, progressive, restart);
        for share in [0.3, 0.6, 0.9, 0.98] {
            let stump = &whole[..(whole.len() as f64 * share) as usize];
            for behind in [&[][..], &[0xff, 0xd9], &preview, &[[0; 900].as_slice(), &[0xff, 0xd9]].concat()] {
                let bytes = [stump, behind].concat();
                let code = code(&bytes);
                let said = ["image-truncated", "image-malformed"].contains(&code);
                assert!(said, "{progressive} {restart} {share} {}: {code}", behind.len());
            }
            assert_eq!(code(&[stump, &[0xff, 0xd9]].concat()), "image-truncated", "{progressive} {restart} {share}");
        }
    }
}

#[test]
fn a_progressive_jpeg_without_its_last_scans_is_refused() {
    let whole = jpeg(&busy(96, 96), true, 0);
    let scans: Vec<usize> =
        whole.windows(2).enumerate().filter(|(_, p)| *p == [0xff, 0xda]).map(|(at, _)| at).collect();
    assert!(scans.len() > 3);
    // Cut where tables or a scan begin, all pixels have some colour; only not the last of it.
    let stump = [&whole[..scans[scans.len() - 1]], &[0xff, 0xd9]].concat();
    assert_eq!(code(&stump), "image-truncated");
}

#[test]
fn all_pixels_without_an_end_marker_are_a_picture() {
    for restart in [0, 4] {
        let whole = jpeg(&busy(80, 60), false, restart);
        assert_eq!(pixels(&whole[..whole.len() - 2]), pixels(&whole));
    }
}

#[test]
fn stray_and_fill_bytes_change_no_pixel() {
    let whole = jpeg(&busy(120, 90), false, 0);
    let (plain, scan, end) = (pixels(&whole), scan(&whole), whole.len() - 2);
    let with = |at: usize, what: &[u8]| [&whole[..at], what, &whole[at..]].concat();
    let second = 4 + usize::from(u16::from_be_bytes([whole[4], whole[5]]));
    for (at, what) in [
        (second, &[0; 6][..]),
        (second, b"stray"),
        (second, &[0xff; 9]),
        (scan, &[0; 300]),
        (scan, &[0xff; 5]),
        (end, &[0; 64]),
        (end, &[0xff; 64]),
        (whole.len(), &[0; 100]),
        (whole.len(), b"anything at all \xff\xd8\xff"),
    ] {
        assert_eq!(pixels(&with(at, what)), plain, "{} at {at}", what.len());
    }
}

#[test]
fn of_two_pictures_in_one_file_the_first_is_taken() {
    let (first, second) = (jpeg(&busy(120, 90), false, 0), jpeg(&busy(60, 60), true, 0));
    assert_eq!(pixels(&[first.as_slice(), &second].concat()), pixels(&first));
}

#[test]
fn containers_that_break_off_are_called_truncated() {
    let avif = encode(&busy(80, 60), &Target::of(Format::Avif), &Metadata::default()).unwrap().bytes;
    for whole in [avif.as_slice(), include_bytes!("../data/busy.heic")] {
        assert!(decode(whole, &Limits::default()).is_ok());
        for share in [0.5, 0.8, 0.99] {
            assert_eq!(code(&whole[..(whole.len() as f64 * share) as usize]), "image-truncated", "{share}");
        }
    }
}

#[test]
fn a_fraction_is_as_large_as_is_enough() {
    let image = busy(800, 600);
    let enough = |side| Limits::default().enough(side);
    for (side, wanted) in [(800, (800, 600)), (401, (800, 600)), (400, (400, 300)), (150, (200, 150)), (1, (1, 1))] {
        let jpeg = decode(&jpeg(&image, false, 0), &enough(side)).unwrap();
        let longer = jpeg.image.width().max(jpeg.image.height());
        assert!(longer >= side && (longer < 2 * side || side == 1), "{side}: {longer}");
        assert_eq!((jpeg.header.width, jpeg.header.height), (800, 600));
        if side > 1 {
            assert_eq!((jpeg.image.width(), jpeg.image.height()), wanted, "{side}");
        }
        let png = decode(&file(&image.clone().into(), ImageFormat::Png), &enough(side)).unwrap();
        assert!(png.image.width() >= side && (png.image.width() < 2 * side || side == 1), "{side}");
    }
}
