//! Measures what a model draws: the same prompts and profiles for every model, with objects that no network learnt from.

mod colour;
mod measure;
mod prompts;
mod region;
mod sheet;
mod stats;
mod studio;

use crate::data::Objects;
use anyhow::Result;
use measure::Judge;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use studio::Studio;

/// Where things are.
#[derive(Debug, clap::Args)]
pub(crate) struct Places {
    /// Folder of the networks that see.
    #[arg(long, default_value = "models/vision")]
    vision: PathBuf,
    /// Folder of the text encoder.
    #[arg(long, default_value = ".cache/models/minilm")]
    encoder: PathBuf,
    /// Folder of the things that are known by sight.
    #[arg(long, default_value = "models/known")]
    things: PathBuf,
    /// Where the table and the contact sheets are written.
    #[arg(long, default_value = "docs/benchmarks/quality")]
    out: PathBuf,
}

/// Measures the models in these folders; the last one's figures are the metrics. Sheets and a table are written.
pub(crate) fn run(models: &[PathBuf], places: &Places, objects: &Objects, share: f64) -> Result<Value> {
    let Places { vision, encoder, things, out } = places;
    std::fs::create_dir_all(out)?;
    let judge = Judge::new(vision, objects, share)?;
    let (mut metrics, mut detail, mut rows) = (Map::new(), Map::new(), vec![]);
    let ways = models.iter().flat_map(|dir| [(dir, false), (dir, true)]);
    for (dir, recalls) in ways {
        let studio = Studio::load(dir, encoder, things, recalls)?;
        if recalls && !studio.recalls() {
            continue;
        }
        eprintln!("{}", studio.name());
        let found = judge.all(&studio, out)?;
        metrics = found.iter().map(|(name, figure)| ((*name).to_owned(), json!(figure.value))).collect();
        detail.insert(studio.name(), serde_json::to_value(&found)?);
        rows.push((studio.name(), found));
    }
    std::fs::write(out.join("table.md"), stats::table(&rows))?;
    Ok(json!({"metrics": metrics, "detail": detail}))
}
