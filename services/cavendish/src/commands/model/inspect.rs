use crate::cli::InspectArgs;
use crate::{Exit, output};
use cavendish_engine::Checkpoint;
use cavendish_engine::checkpoint::{CheckpointKind, Component, Report};
use console::style;
use std::path::Path;

/// Problems that are told one by one.
const TOLD: usize = 20;

pub(super) fn run(args: &InspectArgs) -> anyhow::Result<Exit> {
    let report = Checkpoint::open(&args.path)?.inspect();
    match args.json {
        true => output::json(&report)?,
        false => tell(&report),
    }
    Ok(if report.matches() { Exit::Done } else { Exit::Failed })
}

/// Tells people what a checkpoint is.
pub(super) fn tell(report: &Report) {
    println!("{}  {}\n", style(&report.title).bold(), style(report.kind).dim());
    let rows: Vec<_> = report.components.iter().map(row).collect();
    println!("{}", output::table(&["PART", "FITS", "PARAMETERS", "TYPE", "ON DISK", "NETWORK"], &rows));
    let rows = report.memory.iter().map(|need| {
        vec![need.dtype.to_owned(), output::bytes(need.text_encoder_kept), output::bytes(need.text_encoder_freed)]
    });
    let head = ["MEMORY", "TEXT ENCODER KEPT", "TEXT ENCODER FREED"];
    println!("\n{}", output::table(&head, &rows.collect::<Vec<_>>()));
    output::note("Memory is an estimate for one image of 1024×1024, weights included.");
    for problem in report.problems.iter().take(TOLD) {
        output::note(&format!("{} {problem}", style("✗").red().for_stderr()));
    }
    if let Some(more) = report.problems.len().checked_sub(TOLD).filter(|more| *more > 0) {
        output::note(&format!("and {more} more; --json lists them all"));
    }
    if report.kind == CheckpointKind::Diffusers && !report.is_complete() {
        let absent: Vec<_> = report.absent.iter().map(ToString::to_string).collect();
        output::note(&format!("not a whole pipeline: no {}", absent.join(", ")));
    }
}

fn row(component: &Component) -> Vec<String> {
    let fits = if component.matches { style("yes").green() } else { style("no").red() };
    let types: Vec<_> = component.dtypes.keys().map(String::as_str).collect();
    let known = component.parameters > 0;
    let or_dash = |text: String| if known { text } else { "–".to_owned() };
    let guessed = if component.config_inferred && known { " (read off the shapes)" } else { "" };
    let network = if component.architecture.is_empty() { &component.class } else { &component.architecture };
    vec![
        component.role.to_string(),
        fits.to_string(),
        or_dash(count(component.parameters)),
        or_dash(types.join(", ")),
        or_dash(output::bytes(component.bytes)),
        format!("{network}{guessed}"),
    ]
}

/// `3.88 B`.
fn count(parameters: u64) -> String {
    match parameters {
        0..1_000 => parameters.to_string(),
        1_000..1_000_000 => format!("{:.1} k", parameters as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", parameters as f64 / 1e6),
        _ => format!("{:.2} B", parameters as f64 / 1e9),
    }
}

/// What to do with a checkpoint that fits.
pub(super) fn suggest(report: &Report, path: &Path) {
    match report.matches() {
        true => output::next(&format!("cavendish up, with CAVENDISH_RENDERER__MODEL_DIR={}", path.display())),
        false => output::next(&format!("cavendish model inspect {} --json", path.display())),
    }
}
