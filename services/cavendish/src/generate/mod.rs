//! `cavendish generate`: briefs in, finished files out. It always goes through HTTP, also when the line runs in this
//! very process.

mod collect;
mod progress;
mod screen;

use crate::brief_file::{self, BriefFile};
use crate::cli::GenerateArgs;
use crate::client::Client;
use crate::manifest::Manifest;
use crate::up;
use crate::{Exit, output, sheet};
use anyhow::{Context, bail};
use cavendish_domain::JobState;
use cavendish_gateway::api::JobStatus;
use console::style;
use futures::future::join_all;
use screen::Screen;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use uuid::Uuid;

/// Runs the command.
///
/// # Errors
/// When a brief is refused, the gateway stays away, or a file cannot be downloaded.
pub async fn run(args: GenerateArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let mut briefs = args.briefs.iter().map(|path| brief_file::load(path)).collect::<Result<Vec<_>, _>>()?;
    brief_file::separate(&mut briefs);
    if let Some(subject) = &args.subject {
        briefs.iter_mut().for_each(|brief| brief.show(subject));
    }
    if let Some(job) = args.renders_of {
        briefs.iter_mut().for_each(|brief| brief.finish_anew(job));
    }
    up::served(&args.line, config, args.quiet, async |client| generate(&args, &briefs, &client).await).await
}

async fn generate(args: &GenerateArgs, briefs: &[BriefFile], client: &Client) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let jobs = submit(client, briefs).await?;
    let screen = Screen::new(briefs, args.quiet);
    let following = join_all(jobs.iter().enumerate().map(|(at, &job)| {
        let screen = &screen;
        async move {
            let outcome = client.follow(job, |entry| screen.tell(at, entry)).await;
            screen.done(at, outcome.as_ref().ok());
            outcome
        }
    }));
    let outcomes = tokio::select! {
        outcomes = following => outcomes,
        _ = tokio::signal::ctrl_c() => {
            screen.close();
            give_up(client, &jobs).await;
            bail!("interrupted; the jobs were cancelled");
        }
    };
    screen.close();
    let ended: Vec<JobStatus> = outcomes.into_iter().collect::<anyhow::Result<_>>()?;
    let manifest = collect::collect(client, &args.out, briefs, &ended, begun).await?;
    write(&args.out, &manifest)?;
    if args.json {
        output::json(&manifest)?;
    }
    Ok(report(args, &manifest))
}

/// Sends all briefs. When one is refused nothing is made: half a campaign helps nobody.
async fn submit(client: &Client, briefs: &[BriefFile]) -> anyhow::Result<Vec<Uuid>> {
    let mut jobs = Vec::with_capacity(briefs.len());
    for brief in briefs {
        match client.submit(&brief.body).await {
            Ok(accepted) => jobs.push(accepted.id),
            Err(error) => {
                give_up(client, &jobs).await;
                return Err(error.context(format!("{} was refused", brief.path.display())));
            }
        }
    }
    Ok(jobs)
}

async fn give_up(client: &Client, jobs: &[Uuid]) {
    for &job in jobs {
        if let Err(error) = client.cancel(job).await {
            output::note(&format!("job {job} could not be cancelled: {error:#}"));
        }
    }
}

fn write(out: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(manifest)? + "\n";
    std::fs::write(out.join("manifest.json"), json).context("cannot write manifest.json")?;
    std::fs::write(out.join("index.html"), sheet::page(manifest)).context("cannot write index.html")
}

/// Tells people what was made, and says how it went.
fn report(args: &GenerateArgs, manifest: &Manifest) -> Exit {
    for brief in manifest.briefs.iter().filter(|brief| brief.status != JobState::Completed) {
        let why = brief.error.as_deref().unwrap_or_default();
        let word = style(brief.status.as_str()).red().bold().for_stderr();
        output::note(&format!("{word} {}: {why}", brief.name));
        let next = if brief.status == JobState::Held { "release" } else { "show" };
        output::next(&format!("cavendish job {next} {}", brief.job_id));
    }
    let misfits: Vec<_> = manifest.assets.iter().filter(|asset| !asset.compliant).collect();
    for asset in &misfits {
        let failed = asset.checks.iter().filter(|check| check.outcome == cavendish_specs::Outcome::Failed);
        let failed: Vec<_> =
            failed.map(|check| format!("{} ({}, wanted {})", check.name, check.measured, check.rule)).collect();
        output::note(&format!("{} {}: {}", style("✗").red().for_stderr(), asset.path, failed.join("; ")));
    }
    for asset in manifest.assets.iter().filter(|asset| !asset.left_out.is_empty()) {
        let mark = style("!").yellow().for_stderr();
        output::note(&format!("{mark} {}: no room for {}", asset.path, asset.left_out.join(", ")));
    }
    let doubts = doubted(manifest.assets.iter().filter_map(|asset| Some((&*asset.path, asset.uncertain.as_deref()?))));
    for doubt in &doubts {
        output::note(&format!("{} {doubt}", style("!").yellow().for_stderr()));
    }
    let all_completed = manifest.briefs.iter().all(|brief| brief.status == JobState::Completed);
    if !args.quiet {
        let mark = match (all_completed && misfits.is_empty(), doubts.is_empty()) {
            (false, _) => style("✗").red(),
            (true, false) => style("!").yellow(),
            (true, true) => style("✓").green(),
        };
        let doubtful = output::doubtful(manifest.doubtful());
        let bytes = manifest.assets.iter().map(|asset| asset.bytes).sum();
        output::note(&format!(
            "{} {}, {}, {} of {} on spec{doubtful}, in {}",
            mark.for_stderr(),
            output::counted(manifest.assets.len(), "file"),
            output::bytes(bytes),
            manifest.compliant(),
            manifest.assets.len(),
            output::span(manifest.elapsed_ms)
        ));
        output::note(&format!("  {}", args.out.join("index.html").display()));
        output::note(&format!("  {}", args.out.join("manifest.json").display()));
        if let Some(brief) = manifest.briefs.first().filter(|brief| brief.status == JobState::Completed) {
            output::next(&format!("cavendish job show {}", brief.job_id));
        }
    }
    match (all_completed, misfits.is_empty()) {
        (false, _) => Exit::Failed,
        (true, false) => Exit::NotCompliant,
        (true, true) => Exit::Done,
    }
}

/// Every doubt once for each brief, with how many of its files it is about. `files`: their paths and what is doubtful.
fn doubted<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut counts = BTreeMap::<_, usize>::new();
    for (path, doubt) in files {
        let brief = path.split('/').next().unwrap_or(path);
        *counts.entry((brief, doubt)).or_default() += 1;
    }
    let told = |((brief, doubt), count)| format!("{brief}: {doubt} ({})", output::counted(count, "file"));
    counts.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_is_told_once_for_each_brief() {
        let files = [("cup/a-1.jpg", "left out"), ("cup/a-2.jpg", "left out"), ("jar/a-1.jpg", "left out")];
        assert_eq!(doubted(files.into_iter()), ["cup: left out (2 files)", "jar: left out (1 file)"]);
    }
}
