mod check;
mod show;

use crate::cli::{SpecsArgs, SpecsCommand};
use crate::{Exit, output, settings};
use anyhow::bail;
use cavendish_specs::{Catalogue, Spec};
use std::collections::BTreeSet;
use std::path::Path;

pub(crate) fn run(args: SpecsArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let catalogues = settings::specs(config)?;
    let catalogue = catalogues.of(&args.tenant);
    match args.command {
        SpecsCommand::List { network, json } => list(catalogue, network.as_deref(), json),
        SpecsCommand::Show { id, json } => show::run(catalogue.get(&id)?, json),
        SpecsCommand::Check(args) => check::run(&args, catalogue),
    }
}

fn list(catalogue: &Catalogue, network: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let specs: Vec<&Spec> =
        catalogue.iter().filter(|spec| network.is_none_or(|network| spec.network == network)).collect();
    if let (Some(network), true) = (network, specs.is_empty()) {
        let known: BTreeSet<_> = catalogue.iter().map(|spec| spec.network.as_str()).collect();
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

/// The pixels that are made.
fn size(spec: &Spec) -> String {
    format!("{}×{}{}", spec.size.width, spec.size.height, if spec.size.exact { " exactly" } else { "" })
}

/// The greatest file size.
fn limit(spec: &Spec) -> String {
    spec.max_bytes.map_or_else(|| "–".into(), |bytes| format!("≤ {}", output::bytes(bytes)))
}
