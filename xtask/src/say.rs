//! What the user sees: headlines, spinners, bars and tables on standard error; results on standard output.

use console::style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::time::Duration;

/// Several lines of progress at once; plain lines where standard error is no terminal.
#[derive(Clone, Default)]
pub(crate) struct Board(MultiProgress);

impl Board {
    /// A line that turns until it is told how the step ended.
    pub(crate) fn step(&self, label: &str) -> Step {
        let bar = self.0.add(ProgressBar::new_spinner());
        bar.set_style(template("{spinner:.cyan} {msg}"));
        bar.set_message(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step { bar, label: label.to_owned() }
    }

    /// A bar over `total` bytes.
    pub(crate) fn bytes(&self, label: &str, total: u64) -> Step {
        let bar = self.0.add(ProgressBar::new(total));
        bar.set_style(
            template("{spinner:.cyan} {msg} [{bar:24.cyan/dim}] {bytes}/{total_bytes} {bytes_per_sec}")
                .progress_chars("━━╌"),
        );
        bar.set_message(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step { bar, label: label.to_owned() }
    }
}

fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// One line of progress. Dropped without an end, it disappears.
pub(crate) struct Step {
    bar: ProgressBar,
    label: String,
}

impl Step {
    /// Says what is being waited for now.
    pub(crate) fn note(&self, note: &str) {
        self.bar.set_message(format!("{} {}", self.label, style(note).dim()));
    }

    /// Moves a bar to `bytes`.
    pub(crate) fn at(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Moves a bar on by `bytes`.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Ends the line well.
    pub(crate) fn done(self, note: &str) {
        self.end(style("✓").green().to_string(), note);
    }

    /// Ends the line badly; the error itself is reported by whoever returns it.
    pub(crate) fn failed(self, note: &str) {
        self.end(style("✗").red().to_string(), note);
    }

    fn end(&self, mark: String, note: &str) {
        self.bar.finish_and_clear();
        let line = format!("{mark} {} {}", self.label, style(note).dim());
        // Hidden bars swallow `println`, so a pipe or a log gets its lines directly.
        if self.bar.is_hidden() {
            eprintln!("{}", line.trim_end());
        } else {
            self.bar.println(line.trim_end());
        }
    }
}

/// A headline before a group of steps.
pub(crate) fn headline(text: &str) {
    eprintln!("{}", style(text).bold().for_stderr());
}

/// Something the user may want to know but need not act on.
pub(crate) fn note(text: &str) {
    eprintln!("{} {text}", style("·").dim().for_stderr());
}

/// Something that was left out or may surprise.
pub(crate) fn warn(text: &str) {
    eprintln!("{} {text}", style("!").yellow().for_stderr());
}

/// A step that ended well and needed no spinner.
pub(crate) fn ok(text: &str) {
    eprintln!("{} {text}", style("✓").green().for_stderr());
}

/// Lays rows out in columns as wide as their widest cell (colour codes not counted).
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| console::measure_text_width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let gap = width - console::measure_text_width(cell);
            format!("{cell}{}", " ".repeat(gap))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `523.4 MB` and the like.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_colour() {
        let green = style("up").green().force_styling(true).to_string();
        let rows = vec![vec!["rabbitmq".into(), green, "x".into()], vec!["s3".into(), "down".into(), "y".into()]];
        let plain = console::strip_ansi_codes(&table(&rows)).into_owned();
        assert_eq!(plain, "rabbitmq  up    x\ns3        down  y");
    }
}
