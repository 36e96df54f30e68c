use crate::cli::CheckArgs;
use crate::{Exit, output};
use anyhow::Context;
use cavendish_imaging::measure;
use cavendish_specs::{Catalogue, Check, Facts, Outcome, Report, Spec};
use console::style;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What was found out about one file, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Checked {
    file: PathBuf,
    #[serde(flatten)]
    found: Found,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    /// Why it could not be measured.
    Error(String),
    /// It was measured.
    #[serde(untagged)]
    Measured {
        /// What it is.
        facts: Box<Facts>,
        /// The specs that were named, or else all that it has the shape for.
        specs: Vec<Report>,
    },
}

pub(super) fn run(args: &CheckArgs, catalogue: &Catalogue) -> anyhow::Result<Exit> {
    let named: Vec<&Spec> = args.specs.iter().map(|id| catalogue.get(id)).collect::<Result<_, _>>()?;
    let checked: Vec<_> = args.files.iter().map(|file| check(file, &named, catalogue)).collect();
    if args.json {
        output::json(&checked)?;
    } else {
        checked.iter().for_each(|one| tell(one, !named.is_empty()));
    }
    let failed = |one: &Checked| match &one.found {
        Found::Measured { specs, .. } => !named.is_empty() && specs.iter().any(|report| !report.compliant),
        Found::Error(_) => true,
    };
    Ok(if checked.iter().any(failed) { Exit::Failed } else { Exit::Done })
}

fn check(file: &Path, named: &[&Spec], catalogue: &Catalogue) -> Checked {
    let found = match facts(file) {
        Err(error) => Found::Error(output::causes(&error)),
        Ok(facts) => {
            let shaped = |spec: &&Spec| spec.is_shaped_like(facts.width, facts.height);
            let specs: Vec<_> = match named {
                [] => catalogue.iter().filter(shaped).map(|spec| spec.check(&facts)).collect(),
                named => named.iter().map(|spec| spec.check(&facts)).collect(),
            };
            Found::Measured { facts: Box::new(facts), specs }
        }
    };
    Checked { file: file.to_owned(), found }
}

fn facts(file: &Path) -> anyhow::Result<Facts> {
    let bytes = fs::read(file).context("cannot be read")?;
    Ok(measure(&bytes)?)
}

/// Tells people about one file.
fn tell(checked: &Checked, named: bool) {
    let file = style(checked.file.display()).bold();
    match &checked.found {
        Found::Error(reason) => println!("{file}  {} {reason}\n", style("error:").red().bold()),
        Found::Measured { facts, specs } => {
            println!("{file}  {}\n", summary(facts));
            if named {
                specs.iter().for_each(whole);
            } else {
                shaped(&checked.file, specs);
            }
        }
    }
}

/// `1200×628 JPEG, 84 kB, sRGB`, and what else was found.
fn summary(facts: &Facts) -> String {
    let format = facts.format.mime().rsplit('/').next().unwrap_or_default().to_uppercase();
    let mut words = vec![format!("{}×{} {format}", facts.width, facts.height), output::bytes(facts.bytes)];
    words.push(match facts.fill {
        Some(fill) => format!("subject fills {:.0} %", fill * 100.0),
        None => "no subject found".into(),
    });
    words.extend(facts.digital_source_type.as_ref().map(|kind| format!("marked {kind}")));
    style(words.join(", ")).dim().to_string()
}

/// Every rule of one spec.
fn whole(report: &Report) {
    let rows: Vec<_> = report.checks.iter().map(row).collect();
    let verdict = match report.compliant {
        true => style("meets").green(),
        false => style("fails").red(),
    };
    println!(
        "{verdict} {}\n{}\n",
        style(&report.spec).bold(),
        output::table(&["  RULE", "MEASURED", "ASKED FOR"], &rows)
    );
}

fn row(check: &Check) -> Vec<String> {
    let plain = check.outcome == Outcome::NotApplicable;
    let faint = |text: &str| if plain { style(text).dim().to_string() } else { text.to_owned() };
    let mark = match check.outcome {
        Outcome::Passed => style("✓").green(),
        Outcome::Failed => style("✗").red(),
        Outcome::NotMachineChecked => style("?").yellow(),
        Outcome::NotApplicable => style("·").dim(),
    };
    let asked = match check.outcome {
        Outcome::NotMachineChecked => format!("{}: look yourself", check.rule),
        _ => check.rule.clone(),
    };
    vec![format!("{mark} {}", faint(&check.name)), faint(&check.measured), faint(&asked)]
}

/// The specs that a file meets, and what fails of those that it has the shape for.
fn shaped(file: &Path, reports: &[Report]) {
    let (met, missed): (Vec<&Report>, Vec<&Report>) = reports.iter().partition(|report| report.compliant);
    let names: Vec<_> = met.iter().map(|report| report.spec.as_str()).collect();
    println!("{} {}", style("meets").green(), if names.is_empty() { "no spec".into() } else { names.join(", ") });
    met.iter().filter_map(|report| unseen(report)).for_each(|line| println!("  {line}"));
    println!();
    let rows: Vec<_> = missed.iter().flat_map(|report| failures(report)).collect();
    if !rows.is_empty() {
        println!("{}\n", output::table(&["HAS THE SHAPE OF", "BUT FAILS", "MEASURED", "ASKED FOR"], &rows));
    }
    if let Some(report) = missed.first() {
        output::next(&format!("cavendish specs check {} --spec {}", file.display(), report.spec));
    }
}

/// What of a spec no machine can tell; None when it could tell all.
fn unseen(report: &Report) -> Option<String> {
    let open = report.checks.iter().filter(|check| check.outcome == Outcome::NotMachineChecked);
    let names: Vec<_> = open.map(|check| check.name.as_str()).collect();
    let line = || format!("{} {}: look yourself, {}", style("?").yellow(), report.spec, names.join(", "));
    (!names.is_empty()).then(line)
}

/// A row for every rule that fails; the spec is named once.
fn failures(report: &Report) -> Vec<Vec<String>> {
    let row = |(at, check): (usize, &Check)| {
        let spec = if at == 0 { report.spec.clone() } else { String::new() };
        vec![spec, style(&check.name).red().to_string(), check.measured.clone(), check.rule.clone()]
    };
    report.failures().enumerate().map(row).collect()
}
