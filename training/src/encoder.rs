//! Trains the subject encoder: two views of an object lie closer than views of two objects.

use crate::data::{Backgrounds, Object, Objects, Photo, Split};
use crate::learn::{Plan, Run, feed, initial};
use crate::scene::{CUT_SIDE, chance, view};
use anyhow::Result;
use cavendish_engine::Weights;
use cavendish_engine::vision::SubjectEncoder;
use rand::seq::index;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Objects in a batch, of two views each.
const OBJECTS: usize = 64;
/// How sharply near and far are told apart.
const TEMPERATURE: f64 = 0.1;
const SEED: u64 = 11;

/// Learns for `plan.steps` steps, then writes the weights to `out`.
pub(crate) fn train(plan: Plan, objects: &Objects, backgrounds: &Backgrounds, out: &Path) -> Result<()> {
    let start = plan.folder.join("initial.safetensors");
    if !start.is_file() {
        std::fs::create_dir_all(&plan.folder)?;
        initial(&start, SEED as i64, |vars| drop(SubjectEncoder::new(vars)))?;
    }
    let weights = Weights::open(&start, Device::Cpu, Kind::Float)?.trainable();
    let network = SubjectEncoder::new(&weights.root());
    let weights = weights.finish()?;
    let mut run = Run::open(plan, &weights)?;
    let (known, photos) = (objects.of(&[Split::Train, Split::Further]), backgrounds.of(false));
    let compose = |batch| views(&known, &photos, batch);
    feed(run.next(), compose, |batches| {
        while run.goes_on() {
            let views = Tensor::from_slice(&batches.recv()?);
            let views = views.view([-1, 4, CUT_SIDE as i64, CUT_SIDE as i64]);
            run.learn(&contrast(&network.forward(&views)), 2 * OBJECTS as u64)?;
        }
        anyhow::Ok(())
    })?;
    run.export(&weights, out, Kind::BFloat16)
}

/// Two views of each of some objects: all first ones, then all second ones.
fn views(objects: &[&Object], photos: &[&Photo], batch: u64) -> Vec<f32> {
    let mut rng = chance(SEED, batch);
    let picks = index::sample(&mut rng, objects.len(), OBJECTS.min(objects.len())).into_vec();
    let both = picks.iter().chain(&picks);
    both.flat_map(|&pick| view(objects[pick], photos, &mut rng)).collect()
}

/// The normalised temperature-scaled cross entropy of SimCLR (Chen et al. 2020).
fn contrast(embeddings: &Tensor) -> Tensor {
    let count = embeddings.size()[0];
    let alike = embeddings.matmul(&embeddings.tr()) / TEMPERATURE;
    let own = Tensor::eye(count, (Kind::Bool, Device::Cpu));
    let alike = alike.masked_fill(&own, -1e4);
    let partner = (Tensor::arange(count, (Kind::Int64, Device::Cpu)) + count / 2).remainder(count);
    alike.cross_entropy_for_logits(&partner)
}
