use crate::cli::VerifyArgs;
use crate::{Exit, output, settings};
use anyhow::Context;
use cavendish_provenance::{Provenance, Signer, Standing, Watermark, inspect};
use console::style;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What is told of one file.
#[derive(Serialize)]
struct Told {
    file: PathBuf,
    marked: bool,
    #[serde(flatten)]
    provenance: Provenance,
}

pub(crate) fn run(args: &VerifyArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let config = settings::provenance(config)?;
    let (watermark, signer) = (Watermark::new(&config.key()), config.signer()?);
    let anchors = signer.as_ref().map(Signer::chain);
    let (mut told, mut unread) = (vec![], false);
    for file in &args.files {
        match look(file, &watermark, anchors) {
            Ok(found) => {
                if !args.json {
                    tell(&found);
                }
                told.push(found);
            }
            // One bad file keeps nothing from the others.
            Err(error) => {
                unread = true;
                output::note(&format!("{} {}", style("✗").red().for_stderr(), output::causes(&error)));
            }
        }
    }
    if args.json {
        output::json(&told)?;
    }
    suggest(&told);
    let good = |told: &Told| told.marked && !told.provenance.is_broken();
    Ok(if !unread && told.iter().all(good) { Exit::Done } else { Exit::Failed })
}

fn look(file: &Path, watermark: &Watermark, anchors: Option<&str>) -> anyhow::Result<Told> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let provenance =
        inspect(&bytes, watermark, anchors).with_context(|| format!("cannot verify {}", file.display()))?;
    Ok(Told { file: file.to_owned(), marked: provenance.is_marked(), provenance })
}

fn tell(told: &Told) {
    let state = if told.marked { style("marked").green() } else { style("not marked").red() };
    println!("{}  {state}", style(told.file.display()).bold());
    println!("  C2PA       {}", credentials(&told.provenance));
    println!("  XMP        {}", xmp(&told.provenance));
    println!("  watermark  {}", watermark(&told.provenance));
}

fn credentials(found: &Provenance) -> String {
    let Some(credentials) = &found.credentials else { return none() };
    let standing = match credentials.standing {
        Standing::Trusted => style("trusted").green(),
        Standing::Valid => style("valid, signer unknown here").green(),
        Standing::Invalid => {
            style("invalid: the file was changed after it was signed, or its manifest is broken").red()
        }
    };
    let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    let mut fields = vec![standing.to_string()];
    fields.extend(credentials.source.clone());
    fields.extend(named("signed by", &credentials.signer));
    fields.extend(named("made by", &credentials.generator));
    fields.extend(credentials.faults.iter().cloned());
    fields.join(" · ")
}

fn xmp(found: &Provenance) -> String {
    let xmp = &found.xmp;
    let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    let fields = [
        xmp.marking.clone(),
        xmp.creator_tool.clone(),
        named("model", &xmp.model),
        named("seed", &xmp.seed),
        named("job", &xmp.job),
    ];
    let fields: Vec<_> = fields.into_iter().flatten().collect();
    if fields.is_empty() { none() } else { fields.join(" · ") }
}

fn watermark(found: &Provenance) -> String {
    let mark = &found.watermark;
    let told = |payload: &String| format!("{payload} · stands out by {:.0} standard deviations", mark.score);
    mark.payload.as_ref().map_or_else(none, told)
}

fn none() -> String {
    style("none").yellow().to_string()
}

/// The job behind the files, or what else to try.
fn suggest(told: &[Told]) {
    if let Some(job) = told.iter().find_map(|told| told.provenance.xmp.job.as_ref()) {
        output::next(&format!("cavendish job show {job}"));
    } else if told.iter().any(|told| !told.provenance.watermark.found) {
        output::next(
            "cavendish verify FILE --config FILE, with the `provenance.watermark_key` of the line that made it",
        );
    }
}
