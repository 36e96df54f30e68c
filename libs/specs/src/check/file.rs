//! Rules about the file: its bytes, format, colours and marking.

use super::Check;
use crate::facts::{ColourSpace, Facts};
use crate::spec::Spec;

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
        ColourSpace::Untagged => "RGB without a profile",
        ColourSpace::OtherRgb => "RGB of another profile than sRGB",
        ColourSpace::Grey => "grey",
        ColourSpace::Cmyk => "CMYK",
    };
    let measured = format!("{space}{}", if facts.has_alpha { " with alpha" } else { "" });
    let rgb = !matches!(facts.colour_space, ColourSpace::Grey | ColourSpace::Cmyk);
    match spec.rgb_only {
        true => Check::judged("colour", "RGB without alpha", measured, rgb && !facts.has_alpha),
        false => Check::judged("colour", "no CMYK", measured, facts.colour_space != ColourSpace::Cmyk),
    }
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
