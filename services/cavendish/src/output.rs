//! What people see: tables, sizes, times, errors.

use cavendish_service_kit::ConfigError;
use cavendish_specs::{CatalogueError, UnknownSpec};
use cavendish_store::StoreError;
use chrono::{DateTime, Utc};
use console::style;
use indicatif::ProgressStyle;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// Asks on the terminal. Where there is none, `--yes` has to say it.
pub(crate) fn confirmed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("{question} Not a terminal: give --yes");
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Tells an error with its causes.
pub(crate) fn fail(error: &anyhow::Error) {
    eprintln!("{} {}", style("error:").red().bold().for_stderr(), causes(error));
    if let Some(command) = advice(error) {
        next(command);
    }
}

/// An error with its causes, each told once: some errors repeat their cause in their own words.
pub(crate) fn causes(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// The command that helps, where one does.
fn advice(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| {
        if cause.is::<ConfigError>() && cause.to_string().contains("is missing") {
            return Some("cargo xtask up, and then the same with --config .cache/stack/env.toml");
        }
        // Once a file of specs is corrected, the list shows that it is read.
        if cause.is::<UnknownSpec>() || cause.is::<CatalogueError>() {
            return Some("cavendish specs list");
        }
        match cause.downcast_ref::<StoreError>()? {
            StoreError::NotFound("job") => Some("cavendish job list"),
            StoreError::NotFound("dead letter") => Some("cavendish dead-letters list --all"),
            StoreError::NotFound("key") => Some("cavendish key list"),
            StoreError::NotFound("tenant") => Some("cavendish key create --tenant SLUG"),
            error if error.is_retryable() => Some("cargo xtask status"),
            _ => None,
        }
    })
}

/// Tells something beside the result.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// The configuration file that was named on the command line: the next command needs it, too.
static CONFIG: OnceLock<PathBuf> = OnceLock::new();

/// Has suggestions carry `--config FILE` from now on.
pub(crate) fn remember_config(file: &Path) {
    let _ = CONFIG.set(file.to_owned());
}

/// Suggests what to do next.
pub(crate) fn next(command: &str) {
    let config = CONFIG.get().filter(|_| command.starts_with("cavendish "));
    let config = config.map(|file| format!(" --config {}", file.display())).unwrap_or_default();
    eprintln!("{} {command}{config}", style("next:").dim().for_stderr());
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Prints a value for programs.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Rows under a head, columns as wide as they must be; the last column is not padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(console::measure_text_width(cell));
        }
    }
    let line = |cells: &[String]| {
        let mut text = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let last = at + 1 == cells.len();
            let pad = if last { 0 } else { width.saturating_sub(console::measure_text_width(cell)) + 2 };
            let _ = write!(text, "{cell}{}", " ".repeat(pad));
        }
        text.trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let mut lines = vec![style(line(&head)).dim().to_string()];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

/// ` (3 doubtful)`, which follows how many are on spec; nothing where none is.
pub(crate) fn doubtful(count: usize) -> String {
    if count > 0 { format!(" ({count} doubtful)") } else { String::new() }
}

/// `1.4 MB`: decimal, as stores and specs count.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.0} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}

/// `840 ms`, `12.3 s`, `4 min 05 s`.
pub(crate) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1e3),
        _ => format!("{} min {:02} s", ms / 60_000, ms / 1_000 % 60),
    }
}

/// `3 min ago`.
pub(crate) fn ago(at: DateTime<Utc>) -> String {
    let age = (Utc::now() - at).to_std().unwrap_or(Duration::ZERO).as_secs();
    match age {
        0..60 => format!("{age} s ago"),
        60..3_600 => format!("{} min ago", age / 60),
        3_600..172_800 => format!("{} h ago", age / 3_600),
        _ => format!("{} days ago", age / 86_400),
    }
}

/// At most `max` characters, on one line.
pub(crate) fn short(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= max {
        return line;
    }
    let kept: String = line.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// How all progress bars look; their parts as the template has them.
pub(crate) fn bar_style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸━").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}

/// A JSON value without quotes; nothing for null.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A state in its colour.
pub(crate) fn state(word: &str) -> String {
    match word {
        "completed" | "finished" | "replayed" | "profiled" | "good" => style(word).green().to_string(),
        "failed" | "open" | "rejected" => style(word).red().to_string(),
        "cancelled" | "discarded" => style(word).dim().to_string(),
        _ => style(word).yellow().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!([bytes(999), bytes(84_000), bytes(1_440_000)], ["999 B", "84 kB", "1.4 MB"]);
        assert_eq!([span(840), span(12_340), span(245_000)], ["840 ms", "12.3 s", "4 min 05 s"]);
        assert_eq!(short("a  long\nline of text", 8), "a long…");
    }

    #[test]
    fn a_cause_is_told_once_and_the_way_out_is_named() {
        let error = anyhow::anyhow!("row refused").context("database said: row refused").context("cannot store");
        assert_eq!(causes(&error), "cannot store: database said: row refused");
        assert_eq!(advice(&error), None);
        let error = anyhow::Error::new(StoreError::NotFound("job")).context("on the way");
        assert_eq!(advice(&error), Some("cavendish job list"));
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".into(), "x".into()], vec!["long".into(), "y".into()]];
        let text = console::strip_ansi_codes(&table(&["id", "what"], &rows)).into_owned();
        assert_eq!(text, "id    what\na     x\nlong  y");
    }
}
