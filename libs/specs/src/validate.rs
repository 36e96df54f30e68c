//! What a spec must hold to be of use.

use crate::spec::{Colour, Fill, Size, Spec};

const MM_PER_INCH: f32 = 25.4;

/// A field of a spec, relative to it, and what is wrong with it.
type Fault = (&'static str, String);

/// Checks a spec whose head was filled in.
pub(crate) fn validate(spec: &Spec) -> Result<(), Fault> {
    id(spec)?;
    let filled = |field, value: &str| if value.trim().is_empty() { Err((field, "is empty".into())) } else { Ok(()) };
    filled("title", &spec.title)?;
    filled("source", &spec.source)?;
    filled("read_on", &spec.read_on)?;
    size(&spec.size)?;
    if spec.formats.is_empty() {
        return Err(("formats", "no format is allowed".into()));
    }
    if spec.max_bytes == Some(0) {
        return Err(("max_bytes", "no file has 0 bytes".into()));
    }
    if spec.fill.is_some_and(|Fill { min, max, target }| !(0.0 < min && min <= target && target <= max && max <= 1.0)) {
        return Err(("fill", "is not 0 < min ≤ target ≤ max ≤ 1".into()));
    }
    if spec.colour == Colour::Cmyk && !spec.formats.iter().any(|format| format.holds_cmyk()) {
        return Err(("colour", "cmyk is written as tiff and pdf, and neither is allowed".into()));
    }
    if spec.colour == Colour::Cmyk && spec.rgb_only {
        return Err(("rgb_only", "contradicts colour = \"cmyk\"".into()));
    }
    bleed(spec)?;
    let [left, top, right, bottom] = spec.safe_area(spec.size.width, spec.size.height);
    if left >= right || top >= bottom {
        return Err(("safe_zone", "leaves no room for the subject".into()));
    }
    Ok(())
}

fn bleed(spec: &Spec) -> Result<(), Fault> {
    let Some(bleed) = spec.bleed_mm else { return Ok(()) };
    let Some(dpi) = spec.dpi else { return Err(("bleed_mm", "needs dpi: millimetres are nothing to a screen".into())) };
    let shorter = spec.size.width.min(spec.size.height) as f32 / dpi as f32 * MM_PER_INCH;
    match bleed > 0.0 && 2.0 * bleed < shorter {
        true => Ok(()),
        false => Err(("bleed_mm", format!("{bleed} is not above 0 and below half of the sheet, {shorter:.0} mm"))),
    }
}

fn id(spec: &Spec) -> Result<(), Fault> {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if spec.id.is_empty() || spec.id.len() > 64 || !spec.id.chars().all(kebab) {
        let reason = "is not 1 to 64 lower-case letters, digits and hyphens";
        return Err(("id", format!("`{}` {reason}", spec.id.chars().take(80).collect::<String>())));
    }
    let prefix = format!("{}-", spec.network);
    if !spec.id.starts_with(&prefix) || spec.id == prefix {
        return Err(("id", format!("`{}` does not begin with its network, `{prefix}…`", spec.id)));
    }
    Ok(())
}

fn size(size: &Size) -> Result<(), Fault> {
    let &Size { width, height, .. } = size;
    if width == 0 || height == 0 {
        return Err(("size", format!("the target {width}×{height} is empty")));
    }
    if let Some(limit) = size.limits().find(|limit| !limit.holds(width, height)) {
        return Err(("size", format!("the target {width}×{height} breaks its own limit, {limit}")));
    }
    if size.ratio_tolerance.is_some_and(|tolerance| !(0.0..1.0).contains(&tolerance)) {
        return Err(("size.ratio_tolerance", "is not a share from 0 to below 1".into()));
    }
    Ok(())
}
