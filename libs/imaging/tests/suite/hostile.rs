//! Files made to hurt: bombs, stumps, and thousands of files broken at random.

use cavendish_imaging::image::{DynamicImage, ImageFormat};
use cavendish_imaging::{Format, Limits, Metadata, Reason, Target, decode, encode, measure};

use crate::samples::{Dice, busy, file};

/// A PNG of 65 bytes that declares this size: a header, four bytes of nothing, an end.
fn hollow_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend(name);
        bytes.extend(data);
        bytes.extend(crc(&[name.as_slice(), data].concat()).to_be_bytes());
    };
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat());
    chunk(b"IDAT", &[0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]);
    chunk(b"IEND", &[]);
    bytes
}

fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    })
}

#[test]
fn a_tiny_png_that_declares_a_huge_picture_is_refused_by_its_header() {
    let bytes = hollow_png(16_384, 16_384);
    assert_eq!(bytes.len(), 65);
    let error = decode(&bytes, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "image: the picture declares 16384×16384 pixels, at most 100000000 in all are taken");
}

#[test]
fn a_picture_within_the_limits_that_its_bytes_cannot_hold_is_a_bomb() {
    let bytes = hollow_png(7000, 7000);
    let error = decode(&bytes, &Limits::default()).unwrap_err();
    assert_eq!(error.reason, Reason::Bomb { width: 7000, height: 7000, bytes: 65 });
}

/// A GIF with this screen and one frame of that size, whose data are as good as empty.
fn gif(screen: u16, frame: u16) -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend(screen.to_le_bytes().repeat(2));
    bytes.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    bytes.extend([0x2c, 0, 0, 0, 0]);
    bytes.extend(frame.to_le_bytes().repeat(2));
    bytes.extend([0, 2, 2, 0x4c, 0x01, 0, 0x3b]);
    bytes
}

#[test]
fn gifs_that_would_take_gigabytes_are_refused() {
    let code = |bytes: &[u8]| decode(bytes, &Limits::default()).unwrap_err().code();
    assert_eq!(code(&gif(65_535, 65_535)), "image-too-many-pixels");
    assert_eq!(code(&gif(16, 60_000)), "image-malformed");
    assert_eq!(code(&gif(6_000, 6_000)), "image-bomb");
}

#[test]
fn a_cut_off_file_is_called_truncated() {
    let image: DynamicImage = busy(80, 60).into();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Gif] {
        let whole = file(&image, format);
        for part in [0.3, 0.6, 0.9] {
            let stump = &whole[..(whole.len() as f32 * part) as usize];
            let error = decode(stump, &Limits::default()).unwrap_err();
            assert_eq!(error.code(), "image-truncated", "{format:?} at {part}: {error}");
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let rgb = busy(41, 29);
    let image: DynamicImage = rgb.clone().into();
    let mut files: Vec<Vec<u8>> =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff]
            .map(|format| file(&image, format))
            .into();
    for format in [Format::Webp, Format::Jpeg, Format::Png, Format::Avif, Format::Pdf] {
        files.push(encode(&rgb, &Target::of(format), &Metadata::default()).unwrap().bytes);
    }
    files
}

/// Breaks a file in one of the ways that transfers and attackers do.
fn broken(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        match dice.roll(6) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] = dice.roll(256) as u8,
            2 => bytes[at] ^= 1 << dice.roll(8),
            3 => {
                let extreme = [0x00, 0xff, 0x7f, 0x80][dice.roll(4)];
                bytes.iter_mut().skip(at).take(4).for_each(|b| *b = extreme);
            }
            4 => {
                let piece = bytes[at..(at + 1 + dice.roll(40)).min(bytes.len())].to_vec();
                let to = dice.roll(bytes.len());
                bytes.splice(to..to, piece);
            }
            // Headers are where the sizes are.
            _ => {
                let head = dice.roll(bytes.len().min(48));
                bytes[head] = dice.roll(256) as u8;
            }
        }
    }
    bytes
}

/// The most memory that this process ever held, bytes; None where the system does not tell.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? * 1024)
}

#[test]
fn thousands_of_broken_files_neither_panic_nor_take_much_memory() {
    let limits = Limits { max_pixels: 4_000_000, max_alloc: 64 << 20, ..Limits::default() };
    let mut dice = Dice(2026);
    let (mut taken, mut refused) = (0, 0);
    for whole in seeds() {
        for _ in 0..700 {
            let bytes = broken(&whole, &mut dice);
            match decode(&bytes, &limits) {
                Ok(picture) => {
                    taken += 1;
                    let pixels = u64::from(picture.image.width()) * u64::from(picture.image.height());
                    assert!(pixels <= limits.max_pixels);
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().starts_with("image: "));
                }
            }
        }
    }
    assert!(taken > 200 && refused > 2000, "{taken} taken, {refused} refused");
    // The other tests of this binary run beside this one, hence the room.
    assert!(peak().is_none_or(|bytes| bytes < 1_500_000_000), "{:?}", peak());
}

#[test]
fn measuring_broken_files_does_not_panic() {
    let mut dice = Dice(7);
    for whole in seeds() {
        for _ in 0..25 {
            let _ = measure(&broken(&whole, &mut dice));
        }
    }
}
