//! One deliverable: shape, mark, encode within the budget, measure the finished bytes, check.

use crate::copy;
use crate::marked::{Finishing, make};
use crate::scene::Scene;
use cavendish_imaging::{Colour, Encoded, Format, ImageError, Metadata, OutputProfile, Reason, Target, encode};
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
    finishing: &Finishing,
) -> Result<Finished, ImageError> {
    let began = Instant::now();
    let (picture, told) = copy::picture(scene, spec, setting)?;
    let shaped = began.elapsed();
    let drawn = scene.is_drawn(spec);
    let model = metadata.model.clone().filter(|_| drawn);
    let Spec { dpi, bleed_mm, .. } = *spec;
    let metadata = Metadata { marking: Some(scene.marking(spec)), dpi, bleed_mm, model, ..metadata.clone() };
    let made = make(&picture.image, spec, &metadata, finishing)?;
    let mut report = json!({
        "checks": made.verdict.checks,
        "layout": picture.layout,
        "quality": made.file.quality,
        "drawn": drawn,
        "uncertain": scene.uncertain,
        "provenance": made.provenance,
        "timing": {
            "shape_ms": shaped.as_secs_f64() * 1e3,
            "encode_ms": (began.elapsed() - shaped).as_secs_f64() * 1e3,
        },
    });
    if let Some(told) = told {
        report["type"] = told;
    }
    Ok(Finished {
        spec: spec.id.clone(),
        width: made.facts.width,
        height: made.facts.height,
        compliant: made.verdict.compliant,
        file: made.file,
        report,
    })
}

/// The first of the spec's formats that we write and that fits, with `reserve` bytes left; CMYK is for this press.
pub(crate) fn encode_within(
    image: &cavendish_imaging::image::RgbImage,
    spec: &Spec,
    metadata: &Metadata,
    press: &OutputProfile,
    reserve: usize,
) -> Result<Encoded, ImageError> {
    let budget = spec.max_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    let budget = budget.map(|bytes| bytes.saturating_sub(reserve));
    let profile = match spec.colour {
        Colour::Srgb => OutputProfile::srgb(),
        Colour::DisplayP3 => OutputProfile::display_p3(),
        Colour::Cmyk => press.clone(),
    };
    let able = |format: &&Format| format.is_written() && (spec.colour != Colour::Cmyk || format.holds_cmyk());
    let mut last = None;
    for &format in spec.formats.iter().filter(able) {
        let target = Target { profile: profile.clone(), ..Target::of(format).within(budget) };
        match encode(image, &target, metadata) {
            Err(error) if matches!(error.reason, Reason::BudgetUnreachable { .. }) => last = Some(error),
            other => return other,
        }
    }
    Err(last.unwrap_or_else(|| Reason::Invalid(format!("{} allows no format that is written here", spec.id)).into()))
}
