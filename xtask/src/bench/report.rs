//! What a bench found, where and with which code.

use crate::{
    paths::{Paths, write_atomic},
    say,
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, env, fs, path::Path, process::Command, thread};

/// The file that `--json` writes.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    bench: String,
    /// UTC, RFC 3339.
    date: String,
    machine: String,
    /// The commit, with `-dirty` when the checkout differs from it.
    commit: String,
    command: String,
    metrics: BTreeMap<String, f64>,
    detail: Value,
}

/// What the bench program prints. `detail.samples`, if there, holds the values of each run by metric name.
#[derive(Debug, Deserialize)]
struct Found {
    metrics: BTreeMap<String, f64>,
    #[serde(default)]
    detail: Value,
}

impl Report {
    /// Reads what the bench printed.
    pub(crate) fn new(paths: &Paths, bench: &str, command: &str, printed: &[u8]) -> Result<Self> {
        let found: Found = serde_json::from_slice(printed)
            .with_context(|| format!("the bench printed no result: {:?}", String::from_utf8_lossy(printed)))?;
        Ok(Self {
            bench: bench.to_owned(),
            date: output(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"])),
            machine: machine(),
            commit: commit(paths),
            command: command.to_owned(),
            metrics: found.metrics,
            detail: found.detail,
        })
    }

    /// Metrics in rows; with median and spread where the bench gave the values of single runs.
    pub(crate) fn table(&self) -> String {
        let mut rows = vec![["metric", "value", "median", "min – max", "runs"].map(str::to_owned).to_vec()];
        for (name, value) in &self.metrics {
            let mut row = vec![name.clone(), number(*value)];
            if let Some((median, min, max, count)) = self.samples(name).as_deref().and_then(spread) {
                row.extend([number(median), format!("{} – {}", number(min), number(max)), count.to_string()]);
            }
            rows.push(row);
        }
        say::table(&rows)
    }

    fn samples(&self, name: &str) -> Option<Vec<f64>> {
        self.detail["samples"][name].as_array().map(|values| values.iter().filter_map(Value::as_f64).collect())
    }

    /// Writes the report to `file`, or to standard output for `-`.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        if file == Path::new("-") {
            print!("{text}");
            return Ok(());
        }
        write_atomic(&env::current_dir()?.join(file), text.as_bytes(), 0o644)
    }
}

/// Median, least, greatest and number of the values.
fn spread(values: &[f64]) -> Option<(f64, f64, f64, usize)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
    Some((median, first, last, sorted.len()))
}

/// At most four significant digits after the point, none for whole numbers.
fn number(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| field(&text, "model name"));
    let cpu = cpu.unwrap_or_else(|| output(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"])));
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemTotal"));
    let memory = memory.and_then(|text| text.trim_end_matches(" kB").trim().parse::<u64>().ok());
    let memory =
        memory.map_or(String::new(), |kilobytes| format!(", {} GB", (kilobytes * 1024).div_ceil(1_000_000_000)));
    format!("{cpu}, {cores} cores{memory}, {} {}", env::consts::OS, env::consts::ARCH)
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn commit(paths: &Paths) -> String {
    let git = |args: &[&str]| output(Command::new("git").args(args).current_dir(&paths.root));
    let dirty = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
    format!("{}{}", git(&["rev-parse", "HEAD"]), if dirty { "-dirty" } else { "" })
}

/// Standard output of a small command; empty when it cannot be run.
fn output(command: &mut Command) -> String {
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    output.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0, 3)));
        assert_eq!(spread(&[4.0, 1.0]), Some((2.5, 1.0, 4.0, 2)));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn a_table_has_a_row_for_each_metric_and_the_spread_of_its_runs() {
        let printed = br#"{"metrics":{"ratio":5.5,"jobs":300},"detail":{"samples":{"ratio":[5.0,5.5,6.25]}}}"#;
        let found: Found = serde_json::from_slice(printed).unwrap();
        let report = Report {
            bench: "line".into(),
            date: String::new(),
            machine: machine(),
            commit: String::new(),
            command: String::new(),
            metrics: found.metrics,
            detail: found.detail,
        };
        let table = report.table();
        assert_eq!(table.lines().count(), 3);
        assert!(table.contains("5.50   5.50    5 – 6.25   3"), "{table}");
        assert!(report.machine.contains("cores"));
    }
}
