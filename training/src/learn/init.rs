use anyhow::Result;
use cavendish_engine::{Vars, Weights, save};
use std::path::Path;
use tch::{Kind, Tensor};

/// Writes weights drawn by lot for the network that `build` asks for: He's (2015) for matrices and filters, one for the
/// scales of norms, zero for what is added.
pub(crate) fn initial(path: &Path, seed: i64, build: impl FnOnce(&Vars<'_>)) -> Result<()> {
    tch::manual_seed(seed);
    let draw = |(name, shape): (String, Vec<i64>)| {
        let tensor = if shape.len() > 1 {
            let fan_in: i64 = shape[1..].iter().product();
            Tensor::randn(&shape, (Kind::Float, tch::Device::Cpu)) * (2.0 / fan_in as f64).sqrt()
        } else if name.ends_with("weight") {
            Tensor::ones(&shape, (Kind::Float, tch::Device::Cpu))
        } else {
            Tensor::zeros(&shape, (Kind::Float, tch::Device::Cpu))
        };
        (name, tensor)
    };
    Ok(save(Weights::rehearse(build).into_iter().map(draw), path)?)
}
