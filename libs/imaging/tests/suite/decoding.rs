//! Decoding: what comes out is upright, sRGB and 8 bits, whatever went in; what is wrong is named.

use cavendish_imaging::image::codecs::gif::GifEncoder;
use cavendish_imaging::image::{DynamicImage, Frame, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, Rgba, RgbaImage};
use cavendish_imaging::{Format, IccOutcome, ImageError, Limits, Metadata, Reason, Target, decode, encode};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;

use crate::samples::{busy, file};

fn refused(bytes: &[u8], limits: &Limits) -> ImageError {
    decode(bytes, limits).expect_err("a bad file is refused")
}

fn reason(bytes: &[u8]) -> Reason {
    refused(bytes, &Limits::default()).reason
}

const LOSSLESS: [ImageFormat; 4] = [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff];

#[test]
fn lossless_files_come_back_pixel_for_pixel() {
    let image = busy(37, 23);
    for format in LOSSLESS {
        let decoded = decode(&file(&image.clone().into(), format), &Limits::default()).unwrap();
        assert_eq!(decoded.to_rgb(), image, "{format:?}");
        assert_eq!((decoded.header.width, decoded.header.height), (37, 23));
    }
}

#[test]
fn jpeg_comes_back_close() {
    let image = busy(64, 64);
    let decoded = decode(&file(&image.clone().into(), ImageFormat::Jpeg), &Limits::default()).unwrap();
    assert_eq!(decoded.header.format, Format::Jpeg);
    let off: u64 = decoded.to_rgb().as_raw().iter().zip(image.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(off / (64 * 64 * 3) < 25, "mean error {}", off / (64 * 64 * 3));
}

#[test]
fn alpha_is_kept_and_laid_on_white_when_asked() {
    let image = RgbaImage::from_fn(4, 4, |x, _| Rgba([200, 0, 0, if x < 2 { 0 } else { 255 }]));
    let decoded = decode(&file(&image.clone().into(), ImageFormat::Png), &Limits::default()).unwrap();
    assert!(decoded.has_transparency());
    assert_eq!(decoded.to_rgba(), image);
    assert_eq!(decoded.to_rgb().get_pixel(0, 0), &Rgb([255, 255, 255]));
    assert_eq!(decoded.to_rgb().get_pixel(3, 0), &Rgb([200, 0, 0]));
}

#[test]
fn sixteen_bits_and_grey_become_eight_bit_rgb() {
    let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_fn(3, 1, |x, _| Luma([x as u16 * 0x7fff]));
    let decoded = decode(&file(&deep.into(), ImageFormat::Png), &Limits::default()).unwrap();
    assert_eq!(decoded.header.bit_depth, 16);
    let values: Vec<u8> = decoded.to_rgb().pixels().map(|p| p.0[1]).collect();
    assert!(values[0] == 0 && [127, 128].contains(&values[1]) && values[2] == 255, "{values:?}");
    let grey = GrayImage::from_pixel(2, 2, Luma([77]));
    let decoded = decode(&file(&grey.into(), ImageFormat::Png), &Limits::default()).unwrap();
    assert!(matches!(decoded.image, DynamicImage::ImageRgb8(_)));
    assert_eq!(decoded.to_rgb().get_pixel(1, 1), &Rgb([77, 77, 77]));
}

/// A JPEG of 16×8 pixels, left half black, right half white, with this EXIF orientation.
fn turned(orientation: u8) -> Vec<u8> {
    let image = cavendish_imaging::image::RgbImage::from_fn(16, 8, |x, _| Rgb([if x < 8 { 0 } else { 255 }; 3]));
    let exif =
        [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]].concat();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.add_exif_metadata(&exif).unwrap();
    encoder.encode(image.as_raw(), 16, 8, ColorType::Rgb).unwrap();
    bytes
}

#[test]
fn pictures_are_turned_upright() {
    let upright = |orientation| decode(&turned(orientation), &Limits::default()).unwrap().to_rgb();
    assert_eq!(upright(1).dimensions(), (16, 8));
    let quarter = upright(6);
    assert_eq!(quarter.dimensions(), (8, 16));
    assert!(quarter.get_pixel(4, 1).0[0] < 40 && quarter.get_pixel(4, 14).0[0] > 215, "left became top");
    assert!(upright(3).get_pixel(1, 4).0[0] > 215, "turned by half");
}

fn png_with(profile: &[u8], colour: [u8; 3]) -> Vec<u8> {
    let mut info = png::Info::with_size(4, 4);
    info.color_type = png::ColorType::Rgb;
    info.icc_profile = Some(profile.into());
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_image_data(&colour.repeat(16)).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn profiles_are_converted_to_srgb_once() {
    let wide = ColorProfile::new_display_p3().encode().unwrap();
    let decoded = decode(&png_with(&wide, [200, 100, 100]), &Limits::default()).unwrap();
    assert_eq!(decoded.icc, IccOutcome::Converted);
    let Rgb([r, g, b]) = *decoded.to_rgb().get_pixel(0, 0);
    // The same light needs more red in the smaller gamut: (214.9, 92.6, 96.6) by the matrices of both spaces.
    assert!(r.abs_diff(215) <= 1 && g.abs_diff(93) <= 1 && b.abs_diff(97) <= 1, "{r} {g} {b}");
    let own = ColorProfile::new_srgb().encode().unwrap();
    let decoded = decode(&png_with(&own, [200, 100, 100]), &Limits::default()).unwrap();
    assert_eq!(decoded.icc, IccOutcome::Srgb);
    assert_eq!(decoded.to_rgb().get_pixel(0, 0), &Rgb([200, 100, 100]));
    let decoded = decode(&png_with(b"no profile at all", [200, 100, 100]), &Limits::default()).unwrap();
    assert_eq!(decoded.icc, IccOutcome::Ignored);
    assert_eq!(decoded.to_rgb().get_pixel(0, 0), &Rgb([200, 100, 100]));
}

#[test]
fn avif_is_taken_as_other_pictures_are() {
    let image = busy(40, 30);
    let bytes = encode(&image, &Target::of(Format::Avif), &Metadata::default()).unwrap().bytes;
    let decoded = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(
        (decoded.header.format, decoded.icc, decoded.has_transparency()),
        (Format::Avif, IccOutcome::Srgb, false)
    );
    let off =
        decoded.to_rgb().pixels().zip(image.pixels()).map(|(a, b)| u64::from(a.0[1].abs_diff(b.0[1]))).sum::<u64>();
    assert!(off < 40 * 30 * 8, "{off}");
    // The container says what it likes; what is coded is larger.
    let extent = bytes.windows(4).position(|name| name == b"ispe").unwrap() + 8;
    let mut lying = bytes.clone();
    lying[extent..extent + 8].copy_from_slice(&[0, 0, 0, 4, 0, 0, 0, 4]);
    assert!(matches!(reason(&lying), Reason::Malformed { .. }), "{:?}", reason(&lying));
    let small = Limits { max_pixels: 1000, ..Limits::default() };
    assert!(matches!(refused(&bytes, &small).reason, Reason::TooManyPixels { .. }));
    assert!(matches!(reason(b"\0\0\0\x20ftypavif\0\0\0\0"), Reason::Malformed { .. } | Reason::Truncated { .. }));
}

#[test]
fn an_animation_gives_its_first_frame_or_is_refused() {
    let mut bytes = Vec::new();
    let frame = |v| Frame::new(RgbaImage::from_pixel(6, 6, Rgba([v, v, v, 255])));
    GifEncoder::new(&mut bytes).encode_frames([frame(10), frame(200)]).unwrap();
    let decoded = decode(&bytes, &Limits::default()).unwrap();
    assert!(decoded.header.animated);
    assert!(decoded.to_rgb().get_pixel(0, 0).0[0].abs_diff(10) < 8);
    let strict = Limits { first_frame_of_animation: false, ..Limits::default() };
    assert_eq!(refused(&bytes, &strict).reason, Reason::Animated);
}

/// A GIF whose only frame, white and of 6×6, begins at (1, 1) of a screen of 4×4.
fn beyond() -> Vec<u8> {
    let mut bytes = Vec::new();
    let white = RgbaImage::from_pixel(6, 6, Rgba([255; 4]));
    GifEncoder::new(&mut bytes).encode_frames([Frame::new(white)]).unwrap();
    bytes[6..10].copy_from_slice(&[4, 0, 4, 0]);
    let frame = bytes.windows(9).position(|head| head == [0x2c, 0, 0, 0, 0, 6, 0, 6, 0]).unwrap();
    bytes[frame + 1..frame + 5].copy_from_slice(&[1, 0, 1, 0]);
    bytes
}

#[test]
fn a_frame_beyond_its_screen_is_clipped() {
    let decoded = decode(&beyond(), &Limits::default()).unwrap().to_rgba();
    assert_eq!(decoded.dimensions(), (4, 4));
    assert_eq!((decoded.get_pixel(0, 0).0[3], decoded.get_pixel(1, 1).0), (0, [255; 4]));
}

#[test]
fn the_content_says_what_a_file_is() {
    let bytes = file(&busy(8, 8).into(), ImageFormat::Png);
    let declared = |mime: &str| Limits { expect_mime: Some(mime.into()), ..Limits::default() };
    assert!(decode(&bytes, &declared("image/png; charset=binary")).is_ok());
    let error = refused(&bytes, &declared("image/jpeg")).of_field("references[0].data");
    assert_eq!(error.to_string(), "references[0].data: declared as image/jpeg, but the content is image/png");
    assert!(!error.is_retryable());
    assert_eq!(reason(b""), Reason::Empty);
    for (bytes, name) in [
        (b"<!DOCTYPE html><html>".as_slice(), "HTML"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "text"),
        (b"\x01\xfe\x80\x99", "unknown content"),
    ] {
        assert_eq!(reason(bytes), Reason::UnsupportedFormat { found: name.into() });
    }
}

#[test]
fn too_many_bytes_pixels_or_a_long_side_are_told_apart() {
    let bytes = file(&busy(40, 30).into(), ImageFormat::Png);
    let code = |limits: Limits| refused(&bytes, &limits).code();
    assert_eq!(code(Limits { max_bytes: 10, ..Limits::default() }), "image-too-large");
    assert_eq!(code(Limits { max_pixels: 1199, ..Limits::default() }), "image-too-many-pixels");
    assert_eq!(code(Limits { max_side: 39, ..Limits::default() }), "image-too-many-pixels");
    assert_eq!(code(Limits { max_alloc: 1000, ..Limits::default() }), "image-too-much-memory");
}
