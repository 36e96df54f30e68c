//! One deliverable: shape, encode within the budget, measure the finished bytes, check.

use crate::copy;
use crate::scene::Scene;
use cavendish_imaging::{Encoded, Format, ImageError, Metadata, Quality, Reason, encode, measure};
use cavendish_specs::Spec;
use cavendish_typesetting::Setting;
use serde_json::{Value, json};
use std::time::Instant;

/// A finished file with its report.
pub(crate) struct Finished {
    pub(crate) spec: String,
    pub(crate) file: Encoded,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) compliant: bool,
    pub(crate) report: Value,
}

/// Makes the file for `spec`, with the copy in its `setting` where there is one.
///
/// # Errors
/// When no format of the spec can hold the picture within its budget, or a codec fails.
pub(crate) fn finish(
    scene: &Scene,
    spec: &Spec,
    setting: Option<&Setting>,
    metadata: &Metadata,
) -> Result<Finished, ImageError> {
    let began = Instant::now();
    let (picture, told) = copy::picture(scene, spec, setting)?;
    let shaped = began.elapsed();
    let drawn = scene.is_drawn(spec);
    let model = metadata.model.clone().filter(|_| drawn);
    let metadata = Metadata { marking: Some(scene.marking(spec)), model, ..metadata.clone() };
    let file = encode_within(&picture.image, spec, &metadata)?;
    let encoded = began.elapsed() - shaped;
    let facts = measure(&file.bytes)?;
    let verdict = spec.check(&facts);
    let mut report = json!({
        "checks": verdict.checks,
        "layout": picture.layout,
        "quality": file.quality,
        "drawn": drawn,
        "uncertain": scene.uncertain,
        "timing": {
            "shape_ms": shaped.as_secs_f64() * 1e3,
            "encode_ms": encoded.as_secs_f64() * 1e3,
            "check_ms": (began.elapsed() - shaped - encoded).as_secs_f64() * 1e3,
        },
    });
    if let Some(told) = told {
        report["type"] = told;
    }
    Ok(Finished {
        spec: spec.id.clone(),
        width: facts.width,
        height: facts.height,
        compliant: verdict.compliant,
        file,
        report,
    })
}

/// The first of the spec's formats that we write and that fits.
fn encode_within(
    image: &cavendish_imaging::image::RgbImage,
    spec: &Spec,
    metadata: &Metadata,
) -> Result<Encoded, ImageError> {
    let budget = spec.max_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    let mut last = None;
    for &format in spec.formats.iter().filter(|format| matches!(format, Format::Jpeg | Format::Png | Format::Webp)) {
        match encode(image, format, budget, Quality::default(), metadata) {
            Err(error) if matches!(error.reason, Reason::BudgetUnreachable { .. }) => last = Some(error),
            other => return other,
        }
    }
    Err(last.unwrap_or_else(|| Reason::Invalid(format!("{} allows no format that is written here", spec.id)).into()))
}
