use crate::cli::{SpecsArgs, SpecsCommand};
use crate::{Exit, output};
use anyhow::bail;
use cavendish_specs::{Background, Catalogue, Spec};
use std::collections::BTreeSet;

pub(crate) fn run(args: SpecsArgs) -> anyhow::Result<Exit> {
    match args.command {
        SpecsCommand::List { network, json } => list(network.as_deref(), json),
        SpecsCommand::Show { id, json } => show(&id, json),
    }
}

fn list(network: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let specs: Vec<&Spec> =
        Catalogue::builtin().iter().filter(|spec| network.is_none_or(|network| spec.network == network)).collect();
    if let (Some(network), true) = (network, specs.is_empty()) {
        let known: BTreeSet<_> = Catalogue::builtin().iter().map(|spec| spec.network.as_str()).collect();
        let known: Vec<_> = known.into_iter().collect();
        bail!("no specs of network `{network}`; there are {}", known.join(", "));
    }
    if json {
        output::json(&specs)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> =
        specs.iter().map(|spec| vec![spec.id.clone(), size(spec), limit(spec), spec.title.clone()]).collect();
    println!("{}", output::table(&["ID", "PIXELS", "LIMIT", "TITLE"], &rows));
    output::next("cavendish specs show ID");
    Ok(Exit::Done)
}

fn show(id: &str, json: bool) -> anyhow::Result<Exit> {
    let spec = Catalogue::builtin().get(id)?;
    if json {
        output::json(spec)?;
        return Ok(Exit::Done);
    }
    let formats: Vec<_> = spec.formats.iter().map(|format| format.mime()).collect();
    let background = if spec.background == Background::PureWhite { "pure white" } else { "any" };
    let fill = spec
        .fill
        .map_or_else(|| "any".into(), |fill| format!("{:.0}–{:.0} % of the frame", fill.min * 100.0, fill.max * 100.0));
    let zone = &spec.safe_zone;
    let clear = match zone.is_zero() {
        true => "none".into(),
        false => format!("top {}, right {}, bottom {}, left {} px", zone.top, zone.right, zone.bottom, zone.left),
    };
    let forbids: Vec<_> = spec.forbids.iter().map(|what| format!("{what:?}").to_lowercase()).collect();
    let rows = [
        ("title", spec.title.clone()),
        ("pixels", size(spec)),
        ("file size", limit(spec)),
        ("formats", formats.join(", ")),
        ("background", background.into()),
        ("subject", fill),
        ("kept clear", clear),
        ("marking", if spec.requires_marking { "IPTC DigitalSourceType" } else { "not asked for" }.into()),
        ("not allowed", forbids.join(", ")),
        ("source", format!("{} ({:?}, {})", spec.source, spec.trust, spec.read_on)),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    println!("{}", output::table(&[&spec.id, ""], &rows));
    Ok(Exit::Done)
}

fn size(spec: &Spec) -> String {
    format!("{}×{}{}", spec.size.width, spec.size.height, if spec.size.exact { " exactly" } else { "" })
}

fn limit(spec: &Spec) -> String {
    spec.max_bytes.map_or_else(|| "–".into(), |bytes| format!("≤ {}", output::bytes(bytes)))
}
