//! Rules about the file: its bytes, format, colours and marking.

use super::Check;
use crate::facts::{ColourSpace, Facts};
use crate::format::Format;
use crate::spec::{Colour, Spec};

pub(super) fn bytes(spec: &Spec, facts: &Facts) -> Check {
    let measured = format!("{} bytes", facts.bytes);
    match spec.max_bytes {
        Some(max) => Check::judged("bytes", format!("≤ {max} bytes"), measured, facts.bytes <= max),
        None => Check::free("bytes", "any", measured),
    }
}

pub(super) fn format(spec: &Spec, facts: &Facts) -> Check {
    let names: Vec<_> = spec.formats.iter().map(|f| f.mime()).collect();
    Check::judged("format", names.join(", "), facts.format.mime(), spec.formats.contains(&facts.format))
}

pub(super) fn colour(spec: &Spec, facts: &Facts) -> Check {
    let space = match facts.colour_space {
        ColourSpace::Srgb => "sRGB",
        ColourSpace::DisplayP3 => "Display P3",
        ColourSpace::Untagged => "RGB without a profile",
        ColourSpace::OtherRgb => "RGB of another profile",
        ColourSpace::Grey => "grey",
        ColourSpace::Cmyk => "CMYK",
    };
    let measured = format!("{space}{}", if facts.has_alpha { " with alpha" } else { "" });
    let rgb = !matches!(facts.colour_space, ColourSpace::Grey | ColourSpace::Cmyk);
    let is = |space| facts.colour_space == space;
    let (rule, passed) = match spec.colour {
        Colour::Cmyk => ("CMYK", is(ColourSpace::Cmyk)),
        Colour::DisplayP3 => ("Display P3", is(ColourSpace::DisplayP3)),
        Colour::Srgb if spec.rgb_only => ("RGB without alpha", rgb && !facts.has_alpha),
        Colour::Srgb => ("no CMYK", !is(ColourSpace::Cmyk)),
    };
    Check::judged("colour", rule, measured, passed)
}

pub(super) fn bit_depth(spec: &Spec, facts: &Facts) -> Check {
    let measured = format!("{} bit", facts.bit_depth);
    match spec.bit_depth {
        Some(depth) => {
            Check::judged("bit-depth", format!("{depth} bit per channel"), measured, facts.bit_depth == depth)
        }
        None => Check::free("bit-depth", "any", measured),
    }
}

pub(super) fn resolution(spec: &Spec, facts: &Facts) -> Check {
    let measured = facts.dpi.map_or_else(|| "none said".into(), |dpi| format!("{dpi} dpi"));
    match spec.dpi {
        Some(dpi) => Check::judged("resolution", format!("{dpi} dpi"), measured, facts.dpi == Some(dpi)),
        None => Check::free("resolution", "any", measured),
    }
}

/// Only PDF says where the sheet is cut.
pub(super) fn bleed(spec: &Spec, facts: &Facts) -> Check {
    const LEAST: f32 = 0.05; // what a whole pixel of rounding makes at 300 dpi
    let measured = facts.bleed_mm.map_or_else(|| "none said".into(), |bleed| format!("{bleed:.1} mm"));
    match (spec.bleed_mm, facts.bleed_mm) {
        (None, _) => Check::free("bleed", "any", measured),
        (Some(wanted), Some(bleed)) => {
            Check::judged("bleed", format!("{wanted:.1} mm"), measured, (bleed - wanted).abs() <= LEAST)
        }
        (Some(wanted), None) if facts.format == Format::Pdf => {
            Check::judged("bleed", format!("{wanted:.1} mm"), measured, false)
        }
        (Some(wanted), None) => Check::open("bleed", format!("{wanted:.1} mm"), measured),
    }
}

pub(super) fn marking(spec: &Spec, facts: &Facts) -> Check {
    const RULE: &str = "IPTC DigitalSourceType says so where the image is generated";
    const KINDS: [&str; 2] = ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"];
    let measured = facts.digital_source_type.as_deref().unwrap_or("none");
    if !spec.requires_marking {
        return Check::free("marking", "none", measured);
    }
    match measured {
        // Put together from a photograph without a model: the rule is about generated images.
        "composite" => Check::free("marking", RULE, measured),
        kind => Check::judged("marking", RULE, measured, KINDS.contains(&kind)),
    }
}
