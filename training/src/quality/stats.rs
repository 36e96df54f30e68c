use crate::scene::chance;
use rand::Rng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How often the values are drawn anew for an interval.
const RESAMPLES: usize = 1000;

/// A measure over a set of prompts.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    /// The 95 % interval, by the bootstrap.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) count: usize,
}

pub(crate) type Figures = BTreeMap<&'static str, Figure>;

impl Figure {
    pub(crate) fn mean(values: &[f64]) -> Self {
        Self::of(values, |values| values.iter().sum::<f64>() / values.len().max(1) as f64)
    }

    pub(crate) fn median(values: &[f64]) -> Self {
        Self::of(values, |values| {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
        })
    }

    fn of(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Self {
        let mut rng = chance(1, 0);
        let mut again = || {
            let drawn: Vec<f64> = values.iter().map(|_| values[rng.random_range(0..values.len())]).collect();
            statistic(&drawn)
        };
        let mut all: Vec<f64> = (0..RESAMPLES).map(|_| again()).collect();
        all.sort_by(f64::total_cmp);
        let (low, high) = (all[RESAMPLES / 40], all[RESAMPLES - 1 - RESAMPLES / 40]);
        Self { value: statistic(values), low, high, count: values.len() }
    }
}

/// One row a measure, one column a model, in Markdown.
pub(crate) fn table(models: &[(String, Figures)]) -> String {
    let mut text = String::from("| measure |");
    for (name, _) in models {
        let _ = write!(text, " {name} |");
    }
    let _ = write!(text, "\n|---|{}\n", "---|".repeat(models.len()));
    let names: std::collections::BTreeSet<_> = models.iter().flat_map(|(_, figures)| figures.keys()).collect();
    for name in names {
        let _ = write!(text, "| `{name}` |");
        for (_, figures) in models {
            let _ = match figures.get(name) {
                Some(Figure { value, low, high, count }) => {
                    write!(text, " {value:.3} ({low:.3} – {high:.3}, n = {count}) |")
                }
                None => write!(text, " – |"),
            };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_hold_the_value() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        for figure in [Figure::mean(&values), Figure::median(&values)] {
            assert!(figure.low < figure.value && figure.value < figure.high && figure.low > 35.0, "{figure:?}");
        }
    }
}
