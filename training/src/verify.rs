//! How well the subject encoder does on objects that it did not learn from.

use crate::data::{Backgrounds, Object, Objects, Photo, Split};
use crate::scene::{CUT_SIDE, chance, view};
use anyhow::Result;
use cavendish_engine::Weights;
use cavendish_engine::vision::SubjectEncoder;
use serde::Serialize;
use std::path::Path;
use tch::{Device, Kind, Tensor, no_grad};

/// Views of an object that make up its profile, and those that are compared with it.
const PROFILE: usize = 4;
const PROBES: usize = 8;
const SEED: u64 = 1_000_003;

/// What the subject encoder makes of views of objects that are held out.
#[derive(Debug, Serialize)]
pub(crate) struct Verification {
    objects: usize,
    held_out: usize,
    /// Share of views of held-out objects whose nearest profile, among all objects, is their own.
    top_1: f64,
    /// Where as many views are taken for another object as others for this one: the share, and the cosine.
    equal_error_rate: f64,
    even: f32,
    /// The median cosine of a view to its own profile.
    sure: f32,
}

/// Profiles of all objects, probes of those held out.
pub(crate) fn encoder(file: &Path, objects: &Objects, backgrounds: &Backgrounds) -> Result<Verification> {
    let weights = Weights::open(file, Device::Cpu, Kind::Float)?;
    let network = SubjectEncoder::new(&weights.root());
    drop(weights.finish()?);
    let photos = backgrounds.of(true);
    let (held, known) = (objects.of(&[Split::HeldOut]), objects.of(&[Split::Train]));
    let all: Vec<&Object> = held.iter().chain(&known).copied().collect();
    let profiles = embed(&network, &all, PROFILE, &photos, 0);
    let probes = embed(&network, &held, PROBES, &photos, 1);
    // (probes, objects): the cosine to the nearest view of each profile.
    let cosines =
        probes.matmul(&profiles.tr()).view([-1, all.len() as i64, PROFILE as i64]).amax([2].as_slice(), false);
    let rows = Vec::<Vec<f32>>::try_from(cosines)?;
    let (mut same, mut other, mut hits) = (vec![], vec![], 0);
    for (probe, row) in rows.iter().enumerate() {
        let own = probe / PROBES;
        let nearest = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        hits += usize::from(nearest == Some(own));
        same.push(row[own]);
        other.extend(row.iter().enumerate().filter(|&(index, _)| index != own).map(|(_, cosine)| *cosine));
    }
    let (equal_error_rate, even) = equal_error(&mut same, &mut other);
    let sure = same[same.len() / 2];
    let top_1 = hits as f64 / rows.len() as f64;
    Ok(Verification { objects: all.len(), held_out: held.len(), top_1, equal_error_rate, even, sure })
}

/// So many views of each object: (objects · views, dimensions).
fn embed(network: &SubjectEncoder, objects: &[&Object], views: usize, photos: &[&Photo], part: u64) -> Tensor {
    let side = CUT_SIDE as i64;
    let one = |(index, object): (usize, &&Object)| {
        let mut rng = chance(SEED + part, index as u64);
        let planes: Vec<f32> = (0..views).flat_map(|_| view(object, photos, &mut rng)).collect();
        no_grad(|| network.forward(&Tensor::from_slice(&planes).view([-1, 4, side, side])))
    };
    Tensor::cat(&objects.iter().enumerate().map(one).collect::<Vec<_>>(), 0)
}

/// Sorts both; the share and the cosine where as many of the one lie below as of the other above.
fn equal_error(same: &mut [f32], other: &mut [f32]) -> (f64, f32) {
    same.sort_by(f32::total_cmp);
    other.sort_by(f32::total_cmp);
    let below = |threshold: f32| same.partition_point(|&cosine| cosine < threshold) as f64 / same.len() as f64;
    let above = |threshold: f32| 1.0 - other.partition_point(|&cosine| cosine < threshold) as f64 / other.len() as f64;
    let even = (0..2000).map(|n| n as f32 / 1000.0 - 1.0).find(|&at| below(at) >= above(at)).unwrap_or(1.0);
    ((below(even) + above(even)) / 2.0, even)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equal_error_point_lies_between_what_is_alike_and_what_is_not() {
        let (rate, even) = equal_error(&mut [0.9, 0.8, 0.7, 0.3], &mut [0.1, 0.2, 0.4, 0.75]);
        assert!((rate - 0.25).abs() < 1e-9 && (0.4..=0.75).contains(&even), "{rate} at {even}");
    }
}
