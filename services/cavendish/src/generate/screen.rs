//! Live progress: a bar for each job on a terminal, plain lines elsewhere.

use super::progress::Progress;
use crate::brief_file::BriefFile;
use crate::output;
use cavendish_gateway::api::{JobEntry, JobStatus};
use console::style;
use indicatif::{MultiProgress, ProgressBar};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const RUNNING: &str = "{spinner:.yellow} {prefix:.bold}  {bar:22.yellow/238}  {msg}  {elapsed:.dim}";
const ENDED: &str = "  {prefix:.bold}  {bar:22.yellow/238}  {msg}";
/// Positions of a bar.
const WHOLE: u64 = 1_000;

/// What is seen of all jobs.
pub(super) struct Screen {
    rows: Vec<Mutex<Row>>,
    /// Draws the rows for as long as it lives.
    _bars: Option<MultiProgress>,
    quiet: bool,
}

struct Row {
    title: String,
    progress: Progress,
    bar: Option<ProgressBar>,
}

impl Screen {
    /// One row for each brief.
    pub(super) fn new(briefs: &[BriefFile], quiet: bool) -> Self {
        let bars = (!quiet && std::io::stderr().is_terminal()).then(MultiProgress::new);
        let titles: Vec<String> = briefs.iter().map(|brief| output::short(&brief.title, 24)).collect();
        let width = titles.iter().map(|title| console::measure_text_width(title)).max().unwrap_or(0);
        let rows = titles.into_iter().map(|title| {
            let bar = bars.as_ref().map(|bars| {
                let bar = bars.add(ProgressBar::new(WHOLE)).with_style(output::bar_style(RUNNING));
                bar.set_prefix(console::pad_str(&title, width, console::Alignment::Left, None).into_owned());
                bar.set_message("waiting");
                bar.enable_steady_tick(Duration::from_millis(120));
                bar
            });
            Mutex::new(Row { title, progress: Progress::default(), bar })
        });
        Self { rows: rows.collect(), _bars: bars, quiet }
    }

    /// Shows a line of the history of the `at`-th job.
    pub(super) fn tell(&self, at: usize, entry: &JobEntry) {
        let mut row = self.rows[at].lock().unwrap_or_else(PoisonError::into_inner);
        let said = row.progress.apply(entry);
        match (&row.bar, said) {
            (Some(bar), _) => {
                bar.set_position((row.progress.share() * WHOLE as f64) as u64);
                bar.set_message(row.progress.message());
            }
            (None, Some(said)) if !self.quiet => output::note(&format!("{}: {said}", row.title)),
            _ => {}
        }
    }

    /// Shows how the `at`-th job ended; `None` when it could not be followed to its end.
    pub(super) fn done(&self, at: usize, job: Option<&JobStatus>) {
        let row = self.rows[at].lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bar) = &row.bar else { return };
        let ended = match job {
            Some(job) if job.head.error.is_none() => {
                bar.set_position(WHOLE);
                let took = output::span(job.timings.total_ms.unwrap_or_default());
                format!("{} {} files  {}", style("✓").green(), job.assets.len(), style(took).dim())
            }
            Some(job) => {
                format!("{} {}", style("✗").red(), output::short(job.head.error.as_deref().unwrap_or("failed"), 60))
            }
            None => format!("{} lost sight of it", style("✗").red()),
        };
        // The clock of a bar goes on with every redraw of its neighbours; how long the job took does not.
        bar.set_style(output::bar_style(ENDED));
        bar.abandon_with_message(ended);
    }

    /// Leaves the terminal to what comes next.
    pub(super) fn close(&self) {
        for row in &self.rows {
            if let Some(bar) = &row.lock().unwrap_or_else(PoisonError::into_inner).bar {
                bar.disable_steady_tick();
                if !bar.is_finished() {
                    bar.abandon();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::ProgressStyle;

    #[test]
    fn the_templates_are_well_formed() {
        assert!([RUNNING, ENDED].iter().all(|template| ProgressStyle::with_template(template).is_ok()));
    }
}
