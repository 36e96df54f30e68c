//! The engine beside PyTorch and diffusers: the same weights, prompts, sizes, steps and threads, turn and turn about in
//! one run. Run it with `cargo xtask bench engine`; prints `{"metrics", "detail"}` as JSON.

mod cases;
mod ours;
mod peer;

use anyhow::{Context, Result};
use cases::{CASES, Case};
use clap::Parser;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// What to measure.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Args {
    /// Where the JSON goes; only `-`, standard output, is known.
    #[arg(long, value_name = "FILE", default_value = "-")]
    json: String,
    /// Rounds of each case; each measures both sides, one after the other.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measure only these cases.
    #[arg(long = "case", value_name = "CASE", value_parser = cases::names())]
    cases: Vec<String>,
    /// Where both sides run: cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// What both sides compute with: f32 or bf16.
    #[arg(long, default_value = "f32", value_parser = ["f32", "bf16"])]
    pub(crate) precision: String,
    /// Threads of both sides; all cores unless set.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Measure `torch.compile` as well where a case names it (a minute each to compile).
    #[arg(long)]
    pub(crate) compiled: bool,
    /// Folder of the default model.
    #[arg(long, default_value = "models/nano")]
    pub(crate) nano: PathBuf,
    /// Folder of its upscaler.
    #[arg(long, default_value = "models/upscaler-x4")]
    pub(crate) upscaler: PathBuf,
    /// Folder of its text encoder.
    #[arg(long, default_value = ".cache/models/minilm")]
    pub(crate) minilm: PathBuf,
    /// Where models of random weights are made, and kept for the next run.
    #[arg(long, default_value = ".cache/bench/models")]
    pub(crate) scratch: PathBuf,
    /// The peer's programs.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/bench"))]
    pub(crate) peer: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(threads) = args.threads {
        tch::set_num_threads(i32::try_from(threads).context("--threads")?);
    }
    let wanted = |case: &&Case| match args.cases.as_slice() {
        [] => !case.on_request,
        names => names.iter().any(|name| name == case.name),
    };
    let (mut metrics, mut samples, mut details) = (Map::new(), Map::new(), Map::new());
    for case in CASES.iter().filter(wanted) {
        eprintln!("{}: {}", case.name, case.about);
        for finding in case.run(&args)? {
            eprintln!("  {:<28} {:.4}", finding.name, median(&finding.values));
            if finding.is_metric {
                metrics.insert(finding.name.clone(), json!(median(&finding.values)));
                samples.insert(finding.name, json!(finding.values));
            } else {
                details.insert(format!("{}.{}", case.name, finding.name), json!(finding.values));
            }
        }
    }
    let detail = json!({
        "samples": Value::Object(samples),
        "seconds": Value::Object(details),
        "device": args.device,
        "precision": args.precision,
        "threads": tch::get_num_threads(),
        "rounds": args.rounds,
    });
    println!("{}", json!({ "metrics": metrics, "detail": detail }));
    Ok(())
}

/// The values of one figure, one per round.
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    /// Whether it is one of the figures that are followed over time.
    pub(crate) is_metric: bool,
}

impl Finding {
    pub(crate) fn metric(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values, is_metric: true }
    }

    pub(crate) fn detail(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values, is_metric: false }
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}
