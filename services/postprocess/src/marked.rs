//! A picture becomes a file that carries an invisible mark, where the file has room for one.

use crate::finish::encode_within;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Encoded, ImageError, Look, Metadata, OutputProfile, Reason, look};
use cavendish_provenance::{Origin, Signer, Watermark};
use cavendish_specs::{Facts, Report, Spec};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What files are finished with: their marks besides the XMP packet, and the press that CMYK is for.
#[derive(Debug)]
pub(crate) struct Finishing {
    pub(crate) watermark: Option<Watermark>,
    pub(crate) signer: Option<Signer>,
    pub(crate) press: OutputProfile,
}

/// A file as it turned out.
pub(crate) struct Made {
    pub(crate) file: Encoded,
    pub(crate) facts: Facts,
    pub(crate) verdict: Report,
    /// Which marks it carries, for the report; the XMP packet is always written.
    pub(crate) provenance: Value,
}

/// Makes the file of a picture, signed where there is a signer. It is left without the invisible mark where that could not be
/// read in the finished file, or would cost the file its compliance.
///
/// # Errors
/// When no format of the spec can hold the picture within its budget, or a codec fails.
pub(crate) fn make(
    image: &RgbImage,
    spec: &Spec,
    metadata: &Metadata,
    finishing: &Finishing,
) -> Result<Made, ImageError> {
    let plain = |reason: &str| Ok(encoded(image, spec, metadata, finishing)?.0.telling(json!({ "reason": reason })));
    let Some(watermark) = &finishing.watermark else { return plain("switched off") };
    match marked(image, spec, metadata, watermark, finishing)? {
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
    finishing: &Finishing,
) -> Result<Option<Made>, ImageError> {
    let (mut picture, payload) = (image.clone(), digest(image));
    watermark.embed(&mut picture, payload)?;
    let (made, picture) = match encoded(&picture, spec, metadata, finishing) {
        Err(error) if matches!(error.reason, Reason::BudgetUnreachable { .. }) => return Ok(None),
        made => made?,
    };
    let found = watermark.detect_whole(&picture)?;
    let found = found.filter(|found| found.payload == payload);
    Ok(found.map(|found| made.telling(json!({ "payload": format!("{payload:016x}"), "score": found.score }))))
}

/// The file of a picture as it is, and what it shows.
fn encoded(
    image: &RgbImage,
    spec: &Spec,
    metadata: &Metadata,
    finishing: &Finishing,
) -> Result<(Made, RgbImage), ImageError> {
    let (file, credentials) = signed(image, spec, metadata, finishing)?;
    let Look { facts, shown, .. } = look(&file.bytes)?;
    let verdict = spec.check(&facts);
    Ok((Made { file, facts, verdict, provenance: json!({ "credentials": credentials }) }, shown))
}

/// The file with its Content Credentials, and what is told of them. Where a spec's bytes have no room for them, or the
/// certificate does not sign, the file goes without, and says so.
fn signed(
    image: &RgbImage,
    spec: &Spec,
    metadata: &Metadata,
    finishing: &Finishing,
) -> Result<(Encoded, Value), ImageError> {
    let encode = |reserve| encode_within(image, spec, metadata, &finishing.press, reserve);
    let without = |reason: &str| Ok((encode(0)?, json!({ "reason": reason })));
    let Some(signer) = &finishing.signer else { return without("no certificate is configured") };
    let file = match encode(signer.reserve()) {
        Err(error) if matches!(error.reason, Reason::BudgetUnreachable { .. }) => {
            return without("no room in the bytes that its spec allows");
        }
        file => file?,
    };
    if !Signer::signs(file.format) {
        return Ok((file, json!({ "reason": "PDF files are not signed here" })));
    }
    match signer.sign(&file.bytes, file.format, origin(spec, metadata)) {
        Ok(bytes) => Ok((Encoded { bytes, ..file }, json!({ "signed": true }))),
        Err(error) => {
            tracing::warn!(%error, spec = spec.id, "a file is not signed");
            Ok((file, json!({ "reason": error.to_string() })))
        }
    }
}

fn origin<'a>(spec: &'a Spec, metadata: &'a Metadata) -> Origin<'a> {
    let Metadata { marking, model, seed, prompt_hash, job, .. } = metadata;
    Origin {
        title: &spec.id,
        marking: *marking,
        model: model.as_deref(),
        seed: *seed,
        prompt_hash: prompt_hash.as_deref(),
        job: job.as_deref(),
    }
}

impl Made {
    fn telling(mut self, watermark: Value) -> Self {
        self.provenance["watermark"] = watermark;
        self
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
        let watermark = Some(Watermark::new(&Key::default()));
        let finishing = Finishing { watermark, signer: None, press: OutputProfile::coated() };
        let spec = Catalogue::builtin().get(spec).unwrap();
        let metadata = Metadata { dpi: spec.dpi, bleed_mm: spec.bleed_mm, ..Metadata::default() };
        make(image, spec, &metadata, &finishing).unwrap()
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
    fn files_for_screens_and_presses_are_what_their_specs_ask_for() {
        let image = RgbImage::from_fn(1311, 1819, |x, y| match (x as f32 - 655.0).hypot(y as f32 - 900.0) < 400.0 {
            true => Rgb([200, (40 + (x * 7 + y * 3) % 60) as u8, 30]),
            false => Rgb([255; 3]),
        });
        for spec in ["print-a6-postcard-cmyk", "print-a6-postcard"] {
            let made = made(&image, spec);
            assert!(made.verdict.compliant, "{spec}: {:?}", made.verdict.failures().collect::<Vec<_>>());
            assert_eq!(made.facts.border.largest_deviation, 0, "{spec}: paper is white");
            assert!(made.provenance["watermark"]["score"].is_number(), "{spec}: {}", made.provenance);
        }
        let image = cavendish_imaging::resize_rgb(&image, 1200, 1200).unwrap();
        for spec in ["web-product", "web-product-p3"] {
            let made = made(&image, spec);
            assert!(made.verdict.compliant, "{spec}: {:?}", made.verdict.failures().collect::<Vec<_>>());
            assert_eq!(made.file.mime, "image/avif");
            assert!(made.provenance["watermark"]["score"].is_number(), "{spec}: {}", made.provenance);
        }
    }

    #[test]
    fn a_picture_without_room_goes_out_as_it_is_and_the_report_says_so() {
        let made = made(&RgbImage::from_pixel(1080, 1080, Rgb([255; 3])), "tiktok-square");
        assert!(made.provenance["watermark"]["reason"].is_string(), "{}", made.provenance);
        let shown = look(&made.file.bytes).unwrap().shown;
        assert!(shown.as_raw().iter().all(|value| *value == 255));
    }
}
