//! A picture becomes a file that carries an invisible mark, where the file has room for one.

use crate::finish::encode_within;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Encoded, ImageError, Limits, Metadata, Reason, decode, measure};
use cavendish_provenance::Watermark;
use cavendish_specs::{Facts, Report, Spec};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A file as it turned out.
pub(crate) struct Made {
    pub(crate) file: Encoded,
    pub(crate) facts: Facts,
    pub(crate) verdict: Report,
    /// Which marks it carries, for the report; the XMP packet is always written.
    pub(crate) provenance: Value,
}

/// Makes the file of a picture. It is left unmarked where the mark could not be read in the finished file, or would cost the
/// file its compliance.
///
/// # Errors
/// When no format of the spec can hold the picture within its budget, or a codec fails.
pub(crate) fn make(
    image: &RgbImage,
    spec: &Spec,
    metadata: &Metadata,
    watermark: Option<&Watermark>,
) -> Result<Made, ImageError> {
    let plain = |reason: &str| Ok(encoded(image, spec, metadata)?.telling(json!({ "reason": reason })));
    let Some(watermark) = watermark else { return plain("switched off") };
    match marked(image, spec, metadata, watermark)? {
        Some(made) if made.verdict.compliant => Ok(made),
        marked => {
            let plain: Result<Made, ImageError> = plain("no room in the picture or in the bytes that its spec allows");
            let plain = plain?;
            Ok(marked.filter(|_| !plain.verdict.compliant).unwrap_or(plain))
        }
    }
}

/// The file of the marked picture; None where the mark cannot be read in it, or makes it too large.
fn marked(
    image: &RgbImage,
    spec: &Spec,
    metadata: &Metadata,
    watermark: &Watermark,
) -> Result<Option<Made>, ImageError> {
    let (mut picture, payload) = (image.clone(), digest(image));
    watermark.embed(&mut picture, payload)?;
    let made = match encoded(&picture, spec, metadata) {
        Err(error) if matches!(error.reason, Reason::BudgetUnreachable { .. }) => return Ok(None),
        made => made?,
    };
    let found = watermark.detect_whole(&decode(&made.file.bytes, &Limits::default())?.to_rgb())?;
    let found = found.filter(|found| found.payload == payload);
    Ok(found.map(|found| made.telling(json!({ "payload": format!("{payload:016x}"), "score": found.score }))))
}

fn encoded(image: &RgbImage, spec: &Spec, metadata: &Metadata) -> Result<Made, ImageError> {
    let file = encode_within(image, spec, metadata)?;
    let facts = measure(&file.bytes)?;
    let verdict = spec.check(&facts);
    Ok(Made { file, facts, verdict, provenance: Value::Null })
}

impl Made {
    fn telling(self, watermark: Value) -> Self {
        Self { provenance: json!({ "watermark": watermark }), ..self }
    }
}

/// What the mark says: a digest of the picture before it is marked. The same pixels are marked the same, whoever asked for
/// them; which job that was is found by the reports of its assets.
fn digest(image: &RgbImage) -> u64 {
    let digest = Sha256::digest(image.as_raw());
    digest.iter().take(8).fold(0, |payload, &byte| payload << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::image::Rgb;
    use cavendish_provenance::Key;
    use cavendish_specs::Catalogue;

    fn made(image: &RgbImage, spec: &str) -> Made {
        let watermark = Watermark::new(&Key::default());
        make(image, Catalogue::builtin().get(spec).unwrap(), &Metadata::default(), Some(&watermark)).unwrap()
    }

    #[test]
    fn a_packshot_is_marked_and_stays_compliant_in_its_background() {
        let image = RgbImage::from_fn(1600, 1600, |x, y| match (x as f32 - 800.0).hypot(y as f32 - 800.0) < 690.0 {
            true => Rgb([(90 + (x * 7 + y * 13) % 60) as u8; 3]),
            false => Rgb([255; 3]),
        });
        let made = made(&image, "amazon-main");
        assert!(made.provenance["watermark"]["score"].as_f64() > Some(5.0), "{}", made.provenance);
        assert_eq!(made.facts.border.largest_deviation, 0);
        let again = self::made(&image, "amazon-main");
        assert!(made.file.bytes == again.file.bytes, "the same picture gives the same file");
    }

    #[test]
    fn a_picture_without_room_goes_out_as_it_is_and_the_report_says_so() {
        let made = made(&RgbImage::from_pixel(1080, 1080, Rgb([255; 3])), "tiktok-square");
        assert!(made.provenance["watermark"]["reason"].is_string(), "{}", made.provenance);
        let pixels = decode(&made.file.bytes, &Limits::default()).unwrap().to_rgb();
        assert!(pixels.as_raw().iter().all(|value| *value == 255));
    }
}
