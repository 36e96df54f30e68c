//! Trains the cut-out network on composites whose alpha is known.

use crate::data::{Backgrounds, Objects, Split};
use crate::learn::{Plan, Run, feed, initial};
use crate::scene::{Composite, chance, composite};
use anyhow::Result;
use cavendish_engine::Weights;
use cavendish_engine::vision::CutoutNet;
use std::path::Path;
use tch::{Device, Kind, Reduction, Tensor};

const BATCH: u64 = 16;
const SEED: u64 = 12;

/// Learns for `plan.steps` steps, then writes the weights to `out`.
pub(crate) fn train(plan: Plan, objects: &Objects, backgrounds: &Backgrounds, out: &Path) -> Result<()> {
    let start = plan.folder.join("initial.safetensors");
    if !start.is_file() {
        std::fs::create_dir_all(&plan.folder)?;
        initial(&start, SEED as i64, |vars| drop(CutoutNet::new(vars)))?;
    }
    let weights = Weights::open(&start, Device::Cpu, Kind::Float)?.trainable();
    let network = CutoutNet::new(&weights.root());
    let weights = weights.finish()?;
    let mut run = Run::open(plan, &weights)?;
    let (known, photos) = (objects.of(&[Split::Train, Split::Further]), backgrounds.of(false));
    let side = CutoutNet::SIDE as usize;
    let compose = |batch: u64| {
        let one = |n| composite(side, &known, &photos, &mut chance(SEED, batch * BATCH + n));
        let (mut pictures, mut alphas) = (vec![], vec![]);
        for Composite { picture, alpha } in (0..BATCH).map(one) {
            pictures.extend(picture);
            alphas.extend(alpha);
        }
        (pictures, alphas)
    };
    feed(run.next(), compose, |batches| {
        while run.goes_on() {
            let (pictures, alphas) = batches.recv()?;
            let pictures = Tensor::from_slice(&pictures).view([-1, 3, CutoutNet::SIDE, CutoutNet::SIDE]);
            let alphas = Tensor::from_slice(&alphas).view([-1, 1, CutoutNet::SIDE, CutoutNet::SIDE]);
            run.learn(&loss(&network.forward(&pictures), &alphas), BATCH)?;
        }
        anyhow::Ok(())
    })?;
    run.export(&weights, out, Kind::BFloat16)
}

/// Cross entropy, and how far alpha and its slopes are off.
fn loss(logits: &Tensor, alpha: &Tensor) -> Tensor {
    let entropy = logits.binary_cross_entropy_with_logits::<Tensor>(alpha, None, None, Reduction::Mean);
    let found = logits.sigmoid();
    let slopes = |x: &Tensor, axis: i64| {
        let count = x.size()[axis as usize] - 1;
        x.narrow(axis, 1, count) - x.narrow(axis, 0, count)
    };
    let off = |axis| (slopes(&found, axis) - slopes(alpha, axis)).abs().mean(Kind::Float);
    entropy + (&found - alpha).abs().mean(Kind::Float) + 2.0 * (off(2) + off(3))
}
