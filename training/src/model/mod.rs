//! Trains the default model: flow matching on scenes with captions, and with references that lie where they are drawn.

mod batch;
mod curriculum;
mod network;

use crate::data::{Objects, Split};
use crate::learn::{Plan, Run, feed};
use anyhow::Result;
use batch::Batch;
use cavendish_engine::Manifest;
pub(crate) use curriculum::Lesson;
use network::Network;
use std::path::Path;
use tch::{Device, Kind};

const SEED: u64 = 13;

/// Learns for `plan.steps` steps on this device, with numbers of this kind, beginning with the model in `from`; the weights go
/// to the folder `out` whenever the state is stored.
pub(crate) fn train(
    plan: Plan,
    lesson: Lesson,
    objects: &Objects,
    [from, encoder, out]: [&Path; 3],
    hardware: (Device, Kind),
) -> Result<()> {
    let named = from.join(&Manifest::read(&from.join("model.toml"))?.transformer);
    let begin = match lesson {
        Lesson::Names => named,
        Lesson::References => {
            let begin = plan.folder.join("begin");
            network::widen(&named, &begin)?;
            begin
        }
    };
    let (network, weights) = Network::load(from, &begin, encoder, hardware)?;
    let steps = plan.steps;
    let mut run = Run::open(plan, &weights)?;
    let known = objects.of(&[Split::Train]);
    std::fs::create_dir_all(out)?;
    std::fs::copy(begin.join("config.json"), out.join("config.json"))?;
    let file = out.join(network::WEIGHTS);
    let done = |number: u64| number as f64 / steps as f64;
    let compose = |number| Batch::compose(lesson.kind(SEED, number, done(number)), &known, SEED, number);
    feed(run.next(), compose, |batches| {
        while run.goes_on() {
            let batch = batches.recv()?;
            let samples = batch.scenes() as u64;
            run.learn(&network.loss(&batch)?, samples)?;
            if run.has_stored() {
                run.export(&weights, &file, Kind::BFloat16)?;
            }
        }
        Ok(())
    })
}
