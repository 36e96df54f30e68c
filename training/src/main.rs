//! Trains the small default model that Cavendish ships, and measures what draws and what sees.

mod data;
mod identity;
mod known;
mod learn;
mod model;
mod quality;
mod scene;
mod sheet;

use anyhow::{Context, Result};
use cavendish_engine::DeviceChoice;
use clap::{Args, Parser, Subcommand, ValueEnum};
use data::Objects;
use learn::Plan;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tch::Kind;

/// Trains the small default model that Cavendish ships. Interrupt it at any time: the same command goes on where it was.
#[derive(Debug, Parser)]
#[command(name = "cavendish-train", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Folder with the unpacked data: `objects/*.webp`, `names.json`.
    #[arg(long, default_value = ".cache/training/data", global = true)]
    data: PathBuf,
    /// Folder of states and curves, one folder a network.
    #[arg(long, default_value = ".cache/training/runs", global = true)]
    runs: PathBuf,
    /// Names that are never held out, one on a line.
    #[arg(long, default_value = "models/nano/objects.txt", global = true)]
    known: PathBuf,
    /// Threads of libtorch; all cores when absent.
    #[arg(long, global = true)]
    threads: Option<i32>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The default model: draws what captions and references say.
    Model {
        #[command(flatten)]
        length: Length,
        /// What is learnt.
        #[arg(long)]
        lesson: model::Lesson,
        /// Model folder to begin from: its transformer, codec and text encoder.
        #[arg(long, default_value = "models/nano")]
        from: PathBuf,
        /// Folder of the text encoder.
        #[arg(long, default_value = ".cache/models/minilm")]
        encoder: PathBuf,
        /// Where it learns: `cpu`, `cuda`, `cuda:N`, or `auto`, the first GPU there is.
        #[arg(long, default_value = "auto")]
        device: DeviceChoice,
        /// Computes in bf16, and steps in f32: twice as fast on GPUs that can, slower on most CPUs.
        #[arg(long)]
        bf16: bool,
    },
    /// Measures how well subject encoders know a subject again.
    Identity {
        #[command(flatten)]
        places: identity::Places,
        /// Where the figures are written as JSON; `-` is stdout.
        #[arg(long, default_value = "-")]
        json: PathBuf,
    },
    /// Measures what models draw, with objects that no network learnt from.
    Quality {
        /// Model folders; the last one's figures are the metrics.
        #[arg(long = "model", default_values = ["models/nano"])]
        models: Vec<PathBuf>,
        #[command(flatten)]
        places: quality::Places,
        /// Share of the prompts and profiles, for a quick look.
        #[arg(long, default_value_t = 1.0)]
        share: f64,
        /// Where the figures are written as JSON; `-` is stdout.
        #[arg(long, default_value = "-")]
        json: PathBuf,
    },
    /// Pictures of the named objects, by which the line knows them.
    Known {
        /// Folder that is written.
        #[arg(long, default_value = "models/known")]
        out: PathBuf,
    },
    /// A picture of what is learnt from: scenes with their references.
    Sheet {
        /// Where the PNG is written.
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Length {
    /// Steps in all, those of earlier runs included.
    #[arg(long)]
    steps: u64,
    /// The highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// How much of the moving average stays at a step.
    #[arg(long, default_value_t = 0.998)]
    average: f64,
    /// Where the weights are written at the end.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Some(threads) = cli.threads {
        tch::set_num_threads(threads);
    }
    let objects = || -> Result<Objects> {
        let known =
            std::fs::read_to_string(&cli.known).with_context(|| format!("cannot read {}", cli.known.display()))?;
        let always: BTreeSet<String> = known.lines().map(str::to_owned).collect();
        Objects::read(&cli.data.join("objects"), &cli.data.join("names.json"), &always)
    };
    let plan = |name: &str, length: &Length| Plan {
        folder: cli.runs.join(name),
        steps: length.steps,
        learning: length.rate,
        average: length.average,
        decay_from: 0.4,
    };
    match &cli.command {
        Command::Model { length, lesson, from, encoder, device, bf16 } => {
            let hardware = (device.resolve()?, if *bf16 { Kind::BFloat16 } else { Kind::Float });
            let name = lesson.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            model::train(plan(&name, length), *lesson, &objects()?, [from, encoder, &length.out], hardware)
        }
        Command::Identity { places, json } => report(&identity::run(places, &objects()?)?, json),
        Command::Quality { models, places, share, json } => {
            report(&quality::run(models, places, &objects()?, *share)?, json)
        }
        Command::Known { out } => known::write(&objects()?, out),
        Command::Sheet { out } => sheet::write(&objects()?, out),
    }
}

/// Writes figures to a file, or to stdout for `-`.
fn report(figures: &serde_json::Value, to: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(figures)?;
    match to.as_os_str() == "-" {
        true => println!("{text}"),
        false => std::fs::write(to, text)?,
    }
    Ok(())
}
