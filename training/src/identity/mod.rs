//! Measures how well the subject encoder knows a subject again, and tells it from others: photographs with masks, and
//! rendered objects that no network learnt from. Gives the two points that `consistency` is drawn through.

mod changes;
mod figures;
mod paint;
mod probes;
mod subjects;

use crate::data::Objects;
use anyhow::{Result, ensure};
use cavendish_engine::vision::EngineVision;
use cavendish_renderer::{Embedding, PixelsAlpha, Vision};
use futures::executor::block_on;
use image::RgbaImage;
use probes::Scenery;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Instant;

/// Subjects that are embedded at once.
const BATCH: usize = 16;

/// Where things are.
#[derive(Debug, clap::Args)]
pub(crate) struct Places {
    /// Folders of networks that see; the last one's figures are the metrics, the first one's network cuts out.
    #[arg(long = "vision", default_values = ["models/vision"])]
    visions: Vec<PathBuf>,
    /// Also the photographs of these folders: `set/NAME.jpg` (or png, webp) with `masks/NAME.png`.
    #[arg(long)]
    photos: Vec<PathBuf>,
    /// Photographs out of packages, and textures to put subjects before: `photographs/`, `grounds/`.
    #[arg(long, default_value = ".cache/cutout")]
    packaged: PathBuf,
    /// Masks of the photographs out of packages.
    #[arg(long, default_value = "tests/cutout/masks")]
    masks: PathBuf,
}

/// Shows every encoder the same pictures.
pub(crate) fn run(places: &Places, objects: &Objects) -> Result<Value> {
    let subjects = subjects::all(places, objects)?;
    let photographs = subjects.iter().filter(|subject| subject.is_photograph()).count();
    ensure!(photographs > 1, "there are no photographs to measure with");
    let grounds = subjects::pictures(&places.packaged.join("grounds"))?;
    let scenery = Scenery::new(&places.visions[0], grounds)?;
    let probes = probes::of(&subjects, &scenery)?;
    eprintln!("{} subjects, {photographs} of them photographs; {} pictures of them", subjects.len(), probes.len());
    let (mut metrics, mut detail) = (json!({}), Map::new());
    for folder in &places.visions {
        let vision = EngineVision::start(folder)?;
        let references = embed(&vision, subjects.iter().map(|subject| &subject.cutout))?;
        let began = Instant::now();
        let seen = embed(&vision, probes.iter().map(|probe| &probe.picture))?;
        let each = began.elapsed().as_secs_f64() * 1e3 / probes.len() as f64;
        let figures = figures::of(&subjects, &references, &probes, &seen);
        metrics = figures.metrics(each);
        detail.insert(vision.info().encoder, json!({"figures": figures, "ms_per_picture": each}));
    }
    Ok(json!({"metrics": metrics, "detail": detail}))
}

fn embed<'a>(vision: &EngineVision, pictures: impl Iterator<Item = &'a RgbaImage>) -> Result<Vec<Embedding>> {
    let pictures: Vec<PixelsAlpha> =
        pictures.map(|p| PixelsAlpha { width: p.width(), height: p.height(), rgba: p.as_raw().clone() }).collect();
    let mut found = Vec::with_capacity(pictures.len());
    for batch in pictures.chunks(BATCH) {
        found.extend(block_on(vision.embed(batch.to_vec()))?);
    }
    Ok(found)
}
