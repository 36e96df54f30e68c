use crate::cli::{JobArgs, JobCommand};
use crate::{Exit, output, settings};
use cavendish_domain::{JobId, TenantId};
use cavendish_store::{HistoryEntry, JobView, Store, StoreError};
use chrono::{DateTime, Utc};
use console::style;
use serde_json::{Value, json};
use std::path::Path;

/// Characters of a value in the timeline.
const WIDTH: usize = 100;

pub(crate) async fn run(args: JobArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let store = settings::store(config).await?;
    let tenant = store.tenant(&args.tenant).await?;
    match args.command {
        JobCommand::Show { id, json } => show(&store, tenant, id.into(), json).await,
        JobCommand::List { limit, json } => list(&store, tenant, limit, json).await,
        JobCommand::Cancel { id } => cancel(&store, tenant, id.into()).await,
    }
}

async fn list(store: &Store, tenant: TenantId, limit: i64, json: bool) -> anyhow::Result<Exit> {
    let jobs = store.jobs(tenant, limit.max(1)).await?;
    if json {
        output::json(&jobs)?;
        return Ok(Exit::Done);
    }
    if jobs.is_empty() {
        output::note("no jobs yet");
        return Ok(Exit::Done);
    }
    let row = |job: &cavendish_store::JobSummary| {
        let took = job.settled_at.map_or_else(|| "–".into(), |at| output::span(ms(job.created_at, at)));
        let name = output::short(job.name.as_deref().unwrap_or("–"), 30);
        let error = output::short(job.error.as_deref().unwrap_or_default(), 60);
        vec![
            job.id.to_string(),
            output::state(&job.state),
            job.lane.clone(),
            output::ago(job.created_at),
            took,
            name,
            error,
        ]
    };
    let rows: Vec<_> = jobs.iter().map(row).collect();
    println!("{}", output::table(&["ID", "STATE", "LANE", "MADE", "TOOK", "NAME", "ERROR"], &rows));
    output::next("cavendish job show ID");
    Ok(Exit::Done)
}

async fn cancel(store: &Store, tenant: TenantId, job: JobId) -> anyhow::Result<Exit> {
    let state = store.cancel(tenant, job).await?;
    println!("{state}");
    Ok(Exit::Done)
}

async fn show(store: &Store, tenant: TenantId, job: JobId, json: bool) -> anyhow::Result<Exit> {
    let view = store.job(tenant, job).await?;
    let history = whole_history(store, tenant, job).await?;
    if json {
        output::json(&json!({"job": view, "history": history}))?;
        return Ok(Exit::Done);
    }
    print_head(&view);
    println!("\n{}", style("History").bold());
    for entry in &history {
        println!("{}", timeline(view.summary.created_at, entry));
    }
    print_shots(&view);
    print_assets(&view);
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

fn print_head(view: &JobView) {
    let job = &view.summary;
    println!("{}  {}", style(job.name.as_deref().unwrap_or("job")).bold(), output::state(&job.state));
    let took = job.settled_at.map_or_else(|| "not settled".into(), |at| output::span(ms(job.created_at, at)));
    let mut rows = vec![
        vec!["id".to_owned(), job.id.to_string()],
        vec!["made".into(), format!("{} ({})", job.created_at.format("%F %T UTC"), output::ago(job.created_at))],
        vec!["took".into(), took],
        vec!["lane".into(), job.lane.clone()],
    ];
    for field in ["prompt", "seed", "variants", "backdrop", "quality"] {
        let value = plain(&view.brief[field]);
        if !value.is_empty() {
            rows.push(vec![field.into(), output::short(&value, WIDTH)]);
        }
    }
    if let Some(error) = &job.error {
        rows.push(vec!["error".into(), error.clone()]);
    }
    let table = output::table(&["", ""], &rows);
    println!("{}", table.lines().skip(1).collect::<Vec<_>>().join("\n"));
}

/// `+ 1.2 s  shot.rendered  model nano-v0, seed 7, …`
fn timeline(start: DateTime<Utc>, entry: &HistoryEntry) -> String {
    let at = format!("+{}", output::span(ms(start, entry.at)));
    let told = match &entry.data {
        Value::Object(fields) => {
            let worth =
                |name: &&String| !matches!(name.as_str(), "job_id" | "tenant" | "blob_key" | "report" | "assets_list");
            let names = fields.keys().filter(worth);
            let parts = names.filter_map(|name| match &fields[name] {
                Value::Null => None,
                Value::Array(items) if items.is_empty() => None,
                Value::Array(items) => Some(format!("{} {name}", items.len())),
                value => Some(format!("{} {}", name.replace('_', " "), plain(value))),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        other => plain(other),
    };
    let event = match entry.event.as_str() {
        "attempt.failed" | "job.failed" => style(&entry.event).red(),
        "job.completed" => style(&entry.event).green(),
        _ => style(&entry.event),
    };
    format!(
        "  {at:>10}  {}  {}",
        console::pad_str(&event.to_string(), 15, console::Alignment::Left, None),
        output::short(&told, WIDTH)
    )
}

fn print_shots(view: &JobView) {
    if view.shots.is_empty() {
        return;
    }
    let rows: Vec<_> = view
        .shots
        .iter()
        .map(|shot| {
            let render = shot.render.as_ref().map(|render| &render.0);
            let size = render.map_or_else(|| "–".into(), |r| format!("{}×{}", r.width, r.height));
            let how = render.map_or_else(
                || "–".into(),
                |r| format!("{}, seed {}, {} steps", r.model, r.seed.cast_unsigned(), r.steps),
            );
            let attempt = render.map_or_else(|| "–".into(), |r| r.attempt.to_string());
            let said = shot.error.clone().unwrap_or_else(|| plain(&shot.request["prompt"]));
            vec![shot.index.to_string(), output::state(&shot.state), attempt, size, how, output::short(&said, 60)]
        })
        .collect();
    println!(
        "\n{}\n{}",
        style("Shots").bold(),
        output::table(&["#", "STATE", "ATTEMPT", "RENDER", "MODEL", "PROMPT"], &rows)
    );
}

fn print_assets(view: &JobView) {
    if view.assets.is_empty() {
        return;
    }
    let rows: Vec<_> = view
        .assets
        .iter()
        .map(|asset| {
            let mark = if asset.compliant { style("✓").green() } else { style("✗").red() };
            let size = format!("{}×{}", asset.width, asset.height);
            let bytes = output::bytes(asset.bytes.cast_unsigned());
            vec![
                mark.to_string(),
                (asset.variant + 1).to_string(),
                asset.spec.clone(),
                size,
                bytes,
                asset.blob_key.clone(),
            ]
        })
        .collect();
    println!(
        "\n{}\n{}",
        style("Files").bold(),
        output::table(&["", "VARIANT", "SPEC", "PIXELS", "SIZE", "KEY"], &rows)
    );
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn ms(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_timeline_leaves_out_what_the_head_says() {
        let start = Utc::now();
        let data = json!({"job_id": "x", "stage": "render", "attempt": 1, "detail": "worker lost", "assets": [1, 2], "error": null});
        let at = start + chrono::TimeDelta::milliseconds(1_250);
        let entry = HistoryEntry { seq: 1, at, event: "attempt.failed".into(), data };
        let line = console::strip_ansi_codes(&timeline(start, &entry)).into_owned();
        assert_eq!(line, "      +1.2 s  attempt.failed   2 assets, attempt 1, detail worker lost, stage render");
    }
}
