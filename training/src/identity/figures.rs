//! What cosines say of an encoder.

use super::changes::Change;
use super::probes::Probe;
use super::subjects::Subject;
use cavendish_renderer::Embedding;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Figures of photographs, of objects, and the two points of `vision.toml`.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// The cosine at which as many pictures are below it as of other subjects and of recoloured ones, half each, are not.
    even: f32,
    /// The median cosine of a picture to its own reference.
    sure: f32,
    photographs: Known,
    objects: Known,
}

/// How subjects of one kind are known.
#[derive(Debug, Serialize)]
struct Known {
    /// Share of the pictures whose nearest reference is their own.
    top_1: f64,
    /// Against all other subjects.
    equal_error: f64,
    /// Distance of the means in units of the deviation.
    separation: f64,
    /// Each change against all other subjects, or, for one that makes another product, against all pictures of the same.
    changes: BTreeMap<String, Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    pictures: usize,
    equal_error: f64,
    median: f32,
    /// Share that is taken for the subject at `even`.
    taken_for_it: f64,
}

/// Cosines of a picture.
struct Cosines {
    photograph: bool,
    change: Change,
    own: f32,
    others: Vec<f32>,
}

/// Compares every picture with every reference.
pub(super) fn of(subjects: &[Subject], references: &[Embedding], probes: &[Probe], seen: &[Embedding]) -> Figures {
    let cosines = |(probe, seen): (&Probe, &Embedding)| {
        let others = references.iter().enumerate().filter(|(index, _)| *index != probe.subject);
        Cosines {
            photograph: subjects[probe.subject].is_photograph(),
            change: probe.change,
            own: seen.cosine(&references[probe.subject]),
            others: others.map(|(_, reference)| seen.cosine(reference)).collect(),
        }
    };
    let all: Vec<Cosines> = probes.iter().zip(seen).map(cosines).collect();
    let same: Vec<f32> = owns(&all, Change::is_same);
    let others: Vec<f32> = all.iter().flat_map(|one| &one.others).copied().collect();
    let (_, even) = equal_error(&same, &[others, owns(&all, |change| change == Change::Recoloured)]);
    let (photographs, objects): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.photograph);
    Figures { even, sure: median(&same), photographs: known(&photographs, even), objects: known(&objects, even) }
}

impl Figures {
    pub(super) fn metrics(&self, ms_per_picture: f64) -> Value {
        let Self { even, sure, photographs, objects } = self;
        json!({
            "even": even, "sure": sure, "ms_per_picture": ms_per_picture,
            "photographs_equal_error": photographs.equal_error, "photographs_top_1": photographs.top_1,
            "photographs_recoloured_equal_error": photographs.changes["recoloured"].equal_error,
            "objects_equal_error": objects.equal_error, "objects_top_1": objects.top_1,
            "objects_recoloured_equal_error": objects.changes["recoloured"].equal_error,
        })
    }
}

fn owns(all: &[Cosines], wanted: impl Fn(Change) -> bool) -> Vec<f32> {
    all.iter().filter(|one| wanted(one.change)).map(|one| one.own).collect()
}

fn known(all: &[Cosines], even: f32) -> Known {
    let same = owns(all, Change::is_same);
    let others: Vec<f32> = all.iter().flat_map(|one| &one.others).copied().collect();
    let mut by_change: BTreeMap<Change, Vec<&Cosines>> = BTreeMap::new();
    all.iter().for_each(|one| by_change.entry(one.change).or_default().push(one));
    let row = |(change, of_it): (Change, Vec<&Cosines>)| {
        let own: Vec<f32> = of_it.iter().map(|one| one.own).collect();
        let (equal_error, _) = match change.is_same() {
            true => equal_error(&own, &[of_it.iter().flat_map(|one| &one.others).copied().collect()]),
            false => equal_error(&same, std::slice::from_ref(&own)),
        };
        let taken = own.iter().filter(|cosine| **cosine >= even).count() as f64 / own.len() as f64;
        let name = json!(change).as_str().unwrap_or_default().to_owned();
        (name, Row { pictures: own.len(), equal_error, median: median(&own), taken_for_it: taken })
    };
    let alike: Vec<&Cosines> = all.iter().filter(|one| one.change.is_same()).collect();
    let hits = alike.iter().filter(|one| one.others.iter().all(|other| *other < one.own)).count();
    Known {
        top_1: hits as f64 / alike.len() as f64,
        separation: separation(&same, &others),
        equal_error: equal_error(&same, &[others]).0,
        changes: by_change.into_iter().map(row).collect(),
    }
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f32::NAN)
}

fn separation(same: &[f32], others: &[f32]) -> f64 {
    let moments = |values: &[f32]| {
        let count = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        (mean, values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count)
    };
    let ((near, a), (far, b)) = (moments(same), moments(others));
    (near - far) / f64::midpoint(a, b).sqrt()
}

/// The share and the cosine where as many of `same` lie below as of the others above; every group of others counts alike.
fn equal_error(same: &[f32], others: &[Vec<f32>]) -> (f64, f32) {
    let sorted = |values: &[f32]| {
        let mut values = values.to_vec();
        values.sort_by(f32::total_cmp);
        values
    };
    let below = |values: &[f32], at: f32| values.partition_point(|cosine| *cosine < at) as f64 / values.len() as f64;
    let (same, others) = (sorted(same), others.iter().map(|group| sorted(group)).collect::<Vec<_>>());
    let above = |at| others.iter().map(|group| 1.0 - below(group, at)).sum::<f64>() / others.len() as f64;
    let even = (0..2000).map(|n| n as f32 / 1000.0 - 1.0).find(|&at| below(&same, at) >= above(at)).unwrap_or(1.0);
    (f64::midpoint(below(&same, even), above(even)), even)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equal_error_point_lies_between_what_is_alike_and_what_is_not() {
        let (rate, even) = equal_error(&[0.9, 0.8, 0.7, 0.3], &[vec![0.1, 0.2, 0.4, 0.75]]);
        assert!((rate - 0.25).abs() < 1e-9 && (0.4..=0.75).contains(&even), "{rate} at {even}");
    }

    #[test]
    fn a_small_group_of_others_counts_as_much_as_a_large_one() {
        let (_, even) = equal_error(&[0.9, 0.8, 0.7, 0.6], &[vec![0.0; 100], vec![0.75, 0.65]]);
        assert!(even > 0.65, "{even}");
    }
}
