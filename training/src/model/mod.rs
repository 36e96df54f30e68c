//! Trains the default model: flow matching on scenes with captions, references looked at in the KV-causal way, so that
//! what the network makes of them depends on nothing else and can be kept.

mod batch;
mod curriculum;
mod network;

use crate::data::{Objects, Split};
use crate::learn::{Plan, Run, feed};
use anyhow::Result;
use batch::Batch;
pub(crate) use curriculum::Lesson;
use network::Network;
use std::path::Path;
use tch::Kind;

const SEED: u64 = 13;

/// Learns for `plan.steps` steps, beginning with the model in `from`; the weights go to the folder `out`
/// whenever the state is stored.
pub(crate) fn train(plan: Plan, lesson: Lesson, objects: &Objects, [from, encoder, out]: [&Path; 3]) -> Result<()> {
    let (network, weights) = Network::load(from, encoder)?;
    let steps = plan.steps;
    let mut run = Run::open(plan, &weights)?;
    let known = objects.of(&[Split::Train]);
    std::fs::create_dir_all(out)?;
    std::fs::copy(from.join("transformer/config.json"), out.join("config.json"))?;
    let file = out.join("diffusion_pytorch_model.safetensors");
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
