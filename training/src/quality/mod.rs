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
use std::path::{Path, PathBuf};
use studio::Studio;

/// Measures the models in these folders; the last one's figures are the metrics. Sheets and a table go to `out`.
pub(crate) fn run(models: &[PathBuf], vision: &Path, encoder: &Path, objects: &Objects, out: &Path) -> Result<Value> {
    std::fs::create_dir_all(out)?;
    let judge = Judge::new(vision, objects)?;
    let (mut metrics, mut detail, mut rows) = (Map::new(), Map::new(), vec![]);
    for dir in models {
        let studio = Studio::load(dir, encoder)?;
        eprintln!("{}", studio.name());
        let found = judge.all(&studio, out)?;
        metrics = found.iter().map(|(name, figure)| ((*name).to_owned(), json!(figure.value))).collect();
        detail.insert(studio.name().into(), serde_json::to_value(&found)?);
        rows.push((studio.name().to_owned(), found));
    }
    std::fs::write(out.join("table.md"), stats::table(&rows))?;
    Ok(json!({"metrics": metrics, "detail": detail}))
}
