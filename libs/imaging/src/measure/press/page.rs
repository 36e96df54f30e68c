//! A PDF page that is one picture, as [`crate::encode`] writes it: objects one after the other, none packed into another.
//! Any other PDF is told from it and refused.

use cavendish_specs::Format;
use flate2::read::ZlibDecoder;
use std::io::Read;

use super::Sheet;
use crate::decode::malformed;
use crate::encode::pdf::{POINTS_PER_INCH, POINTS_PER_MM};
use crate::error::{ImageError, Reason};

/// An object: its dictionary as text, and its stream.
struct Object<'a> {
    dictionary: &'a str,
    stream: &'a [u8],
}

pub(super) fn read(bytes: &[u8], max_pixels: u64) -> Result<Sheet, ImageError> {
    let other = || malformed(Format::Pdf, "only a page that is one picture, as Cavendish writes it, is read");
    let objects = objects(bytes);
    let find = |sign: &str| objects.iter().find(|object| object.dictionary.contains(sign));
    let picture = find("/Subtype /Image").ok_or_else(other)?;
    let page = find("/MediaBox").ok_or_else(other)?;
    let number = |key| picture.number(key).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).ok_or_else(other);
    let (width, height, channels) = (number("/Width ")?, number("/Height ")?, number("/Colors ")? as usize);
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(Reason::TooManyPixels { width, height, max: max_pixels }.into());
    }
    if !matches!(channels, 3 | 4) || !picture.dictionary.contains("/Predictor 2") {
        return Err(other());
    }
    let row = width as usize * channels;
    let samples = unpacked(picture.stream, row, height as usize, channels).ok_or_else(other)?;
    let ([left, bottom, right, top], trim) =
        (page.rectangle("/MediaBox").ok_or_else(other)?, page.rectangle("/TrimBox"));
    let bleed = trim.map(|[l, b, r, t]| (l - left).min(b - bottom).min(right - r).min(top - t) / POINTS_PER_MM);
    Ok(Sheet {
        format: Format::Pdf,
        width,
        height,
        samples,
        channels,
        icc: find("/N ").map(|object| object.stream.to_vec()),
        xmp: find("/Subtype /XML").map(|object| text(object.stream).to_owned()),
        dpi: Some((width as f32 / (right - left) * POINTS_PER_INCH).round() as u32),
        bleed_mm: bleed.filter(|bleed| *bleed > 0.0),
    })
}

/// The objects of a file, in their order; streams are passed over by their length.
fn objects(bytes: &[u8]) -> Vec<Object<'_>> {
    let mut found = vec![];
    let mut rest = bytes;
    while let Some(start) = position(rest, b" 0 obj\n") {
        rest = &rest[start + 7..];
        let Some(end) = position(rest, b"endobj") else { break };
        // A dictionary is before its stream, which may hold anything.
        match position(&rest[..end], b"stream\n") {
            None => {
                found.push(Object { dictionary: text(&rest[..end]), stream: &[] });
                rest = &rest[end..];
            }
            Some(at) => {
                let dictionary = text(&rest[..at]);
                let object = Object { dictionary, stream: &[] };
                let length = object.number("/Length ").unwrap_or_default();
                let Some(stream) = rest.get(at + 7..).and_then(|body| body.get(..length)) else { break };
                found.push(Object { stream, ..object });
                rest = &rest[at + 7 + length..];
            }
        }
    }
    found
}

impl Object<'_> {
    fn after(&self, key: &str) -> Option<&str> {
        Some(&self.dictionary[self.dictionary.find(key)? + key.len()..])
    }

    fn number(&self, key: &str) -> Option<usize> {
        let digits = self.after(key)?;
        digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
    }

    fn rectangle(&self, key: &str) -> Option<[f32; 4]> {
        let inside = self.after(key)?.split_once('[')?.1.split_once(']')?.0;
        let sides: Option<Vec<f32>> = inside.split_ascii_whitespace().map(|side| side.parse().ok()).collect();
        sides?.try_into().ok()
    }
}

fn position(bytes: &[u8], sign: &[u8]) -> Option<usize> {
    bytes.windows(sign.len()).position(|window| window == sign)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Inflated, with the sample to the left added to each; no more than the picture holds is inflated.
fn unpacked(stream: &[u8], row: usize, rows: usize, channels: usize) -> Option<Vec<u8>> {
    let mut samples = vec![];
    ZlibDecoder::new(stream).take((row * rows) as u64).read_to_end(&mut samples).ok()?;
    for line in samples.chunks_exact_mut(row) {
        for at in channels..row {
            line[at] = line[at].wrapping_add(line[at - channels]);
        }
    }
    (samples.len() == row * rows).then_some(samples)
}
