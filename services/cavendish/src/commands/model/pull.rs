use super::inspect;
use crate::cli::PullArgs;
use crate::hub::{Hub, Record, Selection, select};
use crate::{Exit, output};
use anyhow::{Context, bail};
use cavendish_engine::Checkpoint;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

const BAR: &str = "{bar:22.yellow/238}  {bytes:>9} of {total_bytes}  {bytes_per_sec:>11}  {eta:>4}  {msg}";

pub(super) async fn run(args: PullArgs) -> anyhow::Result<Exit> {
    let hub = Hub::new(&args.endpoint, args.token)?;
    let mut listing = hub.list(&args.repo, &args.revision).await?;
    let selection = select(std::mem::take(&mut listing.siblings), &args.include)?;
    tell_left_out(&selection);
    if selection.taken.is_empty() {
        bail!("{} holds nothing to take", args.repo);
    }
    let dir = args.to.unwrap_or_else(|| PathBuf::from(args.repo.rsplit('/').next().unwrap_or(&args.repo)));
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;

    let mut record = Record::read(&dir);
    record.begin(&args.repo, &listing);
    let (there, wanted): (Vec<_>, Vec<_>) = selection.taken.into_iter().partition(|file| record.has(file));
    let bar = progress(wanted.iter().map(|file| file.size).sum());
    let mut done = 0;
    for file in &wanted {
        bar.set_message(file.name.clone());
        hub.fetch(&args.repo, &listing.sha, file, &dir, &|bytes| bar.set_position(done + bytes)).await?;
        done += file.size;
        bar.set_position(done);
        record.add(file)?;
    }
    bar.finish_and_clear();
    let (fetched, commit) = (wanted.len(), output::short(&listing.sha, 13));
    output::note(&format!(
        "{} at {commit} in {}: {fetched} files fetched ({}), {} were there",
        args.repo,
        dir.display(),
        output::bytes(done),
        there.len()
    ));
    conclude(&dir)
}

/// Shows what was fetched. A selection of files may be no checkpoint by itself, which is no failure.
fn conclude(dir: &Path) -> anyhow::Result<Exit> {
    let checkpoint = match Checkpoint::open(dir) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            output::note(&format!("{error}"));
            return Ok(Exit::Done);
        }
    };
    let report = checkpoint.inspect();
    inspect::tell(&report);
    inspect::suggest(&report, dir);
    Ok(if report.matches() { Exit::Done } else { Exit::Failed })
}

fn tell_left_out(selection: &Selection) {
    for (name, reason) in &selection.left_out {
        output::note(&format!("left out {name}: {reason}"));
    }
}

fn progress(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style)
}
