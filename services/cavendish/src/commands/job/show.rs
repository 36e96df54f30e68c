//! `cavendish job show`: everything that is known of a job.

use super::{ms, plan, timeline};
use crate::Exit;
use crate::manifest;
use crate::output::{self, plain};
use cavendish_domain::{JobId, JobState, TenantId};
use cavendish_specs::{Check, Outcome};
use cavendish_store::{AssetRow, HistoryEntry, JobView, Store, StoreError};
use chrono::{DateTime, Utc};
use console::style;
use serde_json::json;

/// Characters of a field of the brief.
const WIDTH: usize = 100;

pub(super) async fn show(store: &Store, tenant: TenantId, job: JobId, json: bool) -> anyhow::Result<Exit> {
    let view = store.job(tenant, job).await?;
    let history = whole_history(store, tenant, job).await?;
    if json {
        output::json(&json!({"job": view, "history": history}))?;
        return Ok(Exit::Done);
    }
    print_head(&view, &history);
    println!("\n{}", style("History").bold());
    for entry in &history {
        println!("{}", timeline::line(&view, entry));
    }
    plan::print(&view);
    print_shots(&view);
    print_files(&view);
    if view.summary.state == JobState::Held.as_str() {
        output::next(&format!("cavendish job release {job}"));
    }
    if view.summary.state == "failed" {
        output::next("cavendish dead-letters list");
    }
    Ok(Exit::Done)
}

async fn whole_history(store: &Store, tenant: TenantId, job: JobId) -> Result<Vec<HistoryEntry>, StoreError> {
    let mut whole: Vec<HistoryEntry> = Vec::new();
    loop {
        let page = store.history(tenant, job, whole.last().map_or(0, |entry| entry.seq)).await?;
        if page.is_empty() {
            return Ok(whole);
        }
        whole.extend(page);
    }
}

fn print_head(view: &JobView, history: &[HistoryEntry]) {
    let job = &view.summary;
    println!("{}  {}", style(job.name.as_deref().unwrap_or("job")).bold(), output::state(&job.state));
    let took = job.settled_at.map_or_else(|| "not settled".into(), |at| output::span(ms(job.created_at, at)));
    let stages = stages(view, history);
    let took = if stages.is_empty() { took } else { format!("{took}: {stages}") };
    let mut rows = vec![
        ("id", job.id.to_string()),
        ("made", format!("{} ({})", job.created_at.format("%F %T UTC"), output::ago(job.created_at))),
        ("took", took),
        ("lane", job.lane.clone()),
    ];
    rows.extend(job.deadline_at.map(|at| ("deadline", deadline(at, job.late_by_ms()))));
    for field in ["prompt", "seed", "variants", "backdrop", "quality"] {
        let value = plain(&view.brief[field]);
        if !value.is_empty() {
            rows.push((field, output::short(&value, WIDTH)));
        }
    }
    let name = |subject: &serde_json::Value| subject["name"].as_str().unwrap_or("unnamed").to_owned();
    let subjects: Vec<_> = view.brief["subjects"].as_array().into_iter().flatten().map(name).collect();
    if !subjects.is_empty() {
        rows.push(("subjects", subjects.join(", ")));
    }
    if let Some(error) = &job.error {
        rows.push(("error", style(error).red().to_string()));
    }
    for (name, value) in rows {
        println!("{}{value}", style(format!("{name:<10}")).dim());
    }
}

/// `2026-03-01 12:00:00 UTC, missed by 1.2 s`
fn deadline(at: DateTime<Utc>, late_by_ms: Option<u64>) -> String {
    let missed = late_by_ms.map(|late| style(format!(", missed by {}", output::span(late))).red().to_string());
    format!("{}{}", at.format("%F %T UTC"), missed.unwrap_or_default())
}

/// `planned in 47 ms, rendered in 19.5 s, finished in 1.7 s`, as far as the job came.
fn stages(view: &JobView, history: &[HistoryEntry]) -> String {
    let last = |event: &str| history.iter().rfind(|entry| entry.event == event).map(|entry| entry.at);
    let marks = [
        ("", Some(view.summary.created_at)),
        ("planned", last("job.planned")),
        ("rendered", last("shot.rendered")),
        ("finished", last("shot.finished")),
    ];
    let steps = marks.windows(2).map_while(|pair| {
        let (from, to) = (pair[0].1?, pair[1].1?);
        Some(format!("{} in {}", pair[1].0, output::span(ms(from, to))))
    });
    steps.collect::<Vec<_>>().join(", ")
}

fn print_shots(view: &JobView) {
    if view.shots.is_empty() {
        return;
    }
    let dash = || "–".to_owned();
    let row = |shot: &cavendish_store::ShotView| {
        let render = shot.render.as_ref().map(|render| &render.0);
        let said = shot.error.clone().unwrap_or_else(|| plain(&shot.request["prompt"]));
        vec![
            (shot.index + 1).to_string(),
            output::state(&shot.state),
            render.map_or_else(dash, |r| r.attempt.to_string()),
            render.map_or_else(dash, |r| format!("{}×{}", r.width, r.height)),
            render.and_then(|r| timeline::drawn_in(&r.report)).unwrap_or_else(dash),
            render.map_or_else(dash, |r| r.model.clone()),
            render.map_or_else(dash, |r| r.seed.cast_unsigned().to_string()),
            render.and_then(alike).unwrap_or_else(dash),
            output::short(&said, 60),
        ]
    };
    let rows: Vec<_> = view.shots.iter().map(row).collect();
    let head = ["#", "STATE", "ATTEMPT", "RENDER", "DRAWN IN", "MODEL", "SEED", "ALIKE", "PROMPT"];
    println!("\n{}\n{}", style("Shots").bold(), output::table(&head, &rows));
}

/// `0.97 (4 tries)`: how like themselves the subjects came out.
fn alike(render: &cavendish_store::RenderRow) -> Option<String> {
    let tries = render.report["consistency"]["tries"].as_array().map_or(0, Vec::len);
    let tries = if tries > 1 { format!(" ({tries} tries)") } else { String::new() };
    render.consistency.map(|consistency| format!("{consistency:.2}{tries}"))
}

fn print_files(view: &JobView) {
    if view.assets.is_empty() {
        return;
    }
    let folder = format!("/jobs/{}/", view.summary.id);
    let row = |asset: &AssetRow| {
        let mark = if asset.compliant { style("✓").green() } else { style("✗").red() };
        let key = asset.blob_key.split_once(&folder).map_or(asset.blob_key.as_str(), |(_, rest)| rest);
        vec![
            mark.to_string(),
            (asset.variant + 1).to_string(),
            asset.spec.clone(),
            format!("{}×{}", asset.width, asset.height),
            output::bytes(asset.bytes.cast_unsigned()),
            match asset.deleted_at {
                Some(at) => style(format!("deleted {}", output::ago(at))).dim().to_string(),
                None => key.to_owned(),
            },
        ]
    };
    let rows: Vec<_> = view.assets.iter().map(row).collect();
    let within = view.assets[0].blob_key.split_once(&folder).map_or("", |(tenant, _)| tenant);
    let within = style(format!("in the bucket under {within}{folder}")).dim();
    let head = ["", "VARIANT", "SPEC", "PIXELS", "SIZE", "KEY"];
    println!("\n{}  {within}\n{}", style("Files").bold(), output::table(&head, &rows));
    for asset in &view.assets {
        for fault in faults(asset) {
            println!("{} {} {}: {fault}", style("✗").red(), asset.spec, asset.variant + 1);
        }
    }
    for (doubt, files) in doubts(&view.assets) {
        println!("{} {}: {doubt}", style("!").yellow(), files.join(", "));
    }
}

/// What is doubtful about files that are on spec: every doubt once, with the files that it is about.
fn doubts(assets: &[AssetRow]) -> Vec<(String, Vec<String>)> {
    let mut doubts: Vec<(String, Vec<String>)> = vec![];
    for asset in assets {
        let uncertain = asset.report["uncertain"].as_str().map(str::to_owned);
        for doubt in uncertain.into_iter().chain(manifest::no_room(&asset.report)) {
            let file = format!("{} {}", asset.spec, asset.variant + 1);
            match doubts.iter_mut().find(|(known, _)| *known == doubt) {
                Some((_, files)) => files.push(file),
                None => doubts.push((doubt, vec![file])),
            }
        }
    }
    doubts
}

/// What a file does not meet.
fn faults(asset: &AssetRow) -> Vec<String> {
    let checks: Vec<Check> = serde_json::from_value(asset.report["checks"].clone()).unwrap_or_default();
    let failed = checks.iter().filter(|check| check.outcome == Outcome::Failed);
    let mut faults: Vec<_> =
        failed.map(|check| format!("{} is {}, wanted {}", check.name, check.measured, check.rule)).collect();
    if let Some(consistency) = asset.consistency.filter(|_| asset.below_consistency) {
        let least = plain(&asset.report["consistency"]["least"]);
        faults.push(format!("consistency is {consistency:.2}, wanted {least} or more"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn asset(spec: &str, report: serde_json::Value) -> AssetRow {
        AssetRow {
            id: Uuid::nil(),
            shot_id: Uuid::nil(),
            deliverable: 0,
            spec: spec.into(),
            variant: 0,
            blob_key: "k".into(),
            width: 1,
            height: 1,
            bytes: 1,
            mime: "image/png".into(),
            compliant: true,
            consistency: None,
            below_consistency: false,
            report,
            deleted_at: None,
        }
    }

    #[test]
    fn a_doubt_is_told_once_with_its_files_and_is_no_fault() {
        let small = json!({"uncertain": "it is small"});
        let cramped = json!({"type": {"elements": [{"element": "cta", "fit": "did-not-fit"}]}});
        let assets = [asset("a", small.clone()), asset("b", small), asset("c", cramped)];
        let told = doubts(&assets);
        assert_eq!(told[0], ("it is small".into(), vec!["a 1".into(), "b 1".into()]));
        assert_eq!(told[1], ("no room for cta".into(), vec!["c 1".into()]));
        assert!(assets.iter().all(|asset| faults(asset).is_empty()));
    }
}
