use super::{limit, size};
use crate::{Exit, output};
use cavendish_specs::{Background, Colour, Spec, Trust};

pub(super) fn run(spec: &Spec, json: bool) -> anyhow::Result<Exit> {
    if json {
        output::json(spec)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = rows(spec).into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    println!("{}", output::table(&[&spec.id, ""], &rows));
    output::next(&format!("cavendish specs check FILE --spec {}", spec.id));
    Ok(Exit::Done)
}

fn rows(spec: &Spec) -> Vec<(&'static str, String)> {
    let formats: Vec<_> = spec.formats.iter().map(|format| format.mime()).collect();
    let background = if spec.background == Background::PureWhite { "exactly (255, 255, 255)" } else { "any" };
    let forbids: Vec<_> = spec.forbids.iter().map(|what| format!("{what:?}").to_lowercase()).collect();
    let trust = match spec.trust {
        Trust::Primary => "the network's own",
        Trust::Secondary => "secondary",
        Trust::Weak => "weak",
    };
    let colours = match spec.colour {
        Colour::Cmyk => "CMYK",
        Colour::DisplayP3 => "Display P3",
        Colour::Srgb if spec.rgb_only => "RGB without alpha",
        Colour::Srgb => "no CMYK",
    };
    let depth = spec.bit_depth.map_or_else(|| "any".into(), |depth| format!("{depth} bit per channel"));
    vec![
        ("title", spec.title.clone()),
        ("pixels", size(spec)),
        ("allowed", allowed(spec)),
        ("file size", limit(spec)),
        ("formats", formats.join(", ")),
        ("colours", colours.into()),
        ("bit depth", depth),
        ("resolution", spec.dpi.map_or_else(|| "any".into(), |dpi| format!("{dpi} dpi"))),
        (
            "bleed",
            spec.bleed_mm
                .map_or_else(|| "none".into(), |bleed| format!("{bleed} mm on every side, part of the pixels")),
        ),
        ("background", background.into()),
        ("subject", fill(spec)),
        ("kept clear", clear(spec)),
        ("marking", if spec.requires_marking { "IPTC DigitalSourceType" } else { "not asked for" }.into()),
        ("not allowed", if forbids.is_empty() { "–".into() } else { forbids.join(", ") }),
        ("source", format!("{} ({trust}, read {}), version {}", spec.source, spec.read_on, spec.version)),
    ]
}

/// What other pixels are allowed.
fn allowed(spec: &Spec) -> String {
    if spec.size.exact {
        return "these pixels only".into();
    }
    let mut limits: Vec<_> = spec.size.limits().map(|limit| limit.to_string()).collect();
    if let Some(tolerance) = spec.size.ratio_tolerance {
        limits.push(format!("ratio {:.4} ± {:.1} %", spec.size.aspect(), tolerance * 100.0));
    }
    if limits.is_empty() { "these pixels only; no others are known".into() } else { limits.join(", ") }
}

fn fill(spec: &Spec) -> String {
    spec.fill.map_or_else(
        || "any size".into(),
        |fill| format!("{:.0}–{:.0} % of the frame", fill.min * 100.0, fill.max * 100.0),
    )
}

fn clear(spec: &Spec) -> String {
    let zone = &spec.safe_zone;
    match zone.is_zero() {
        true => "nothing".into(),
        false => format!("top {}, right {}, bottom {}, left {} px", zone.top, zone.right, zone.bottom, zone.left),
    }
}
