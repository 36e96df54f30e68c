mod plan;
mod show;
mod timeline;

use crate::cli::{JobArgs, JobCommand};
use crate::{Exit, output, settings};
use cavendish_domain::{AssetId, JobId, JobState, TenantId};
use cavendish_store::Store;
use chrono::{DateTime, Utc};
use std::path::Path;
use uuid::Uuid;

pub(crate) async fn run(args: JobArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let store = settings::store(config).await?;
    let tenant = store.tenant(&args.tenant).await?;
    match args.command {
        JobCommand::Show { id, json } => show::show(&store, tenant, id.into(), json).await,
        JobCommand::List { limit, json } => list(&store, tenant, limit, json).await,
        JobCommand::Release { id } => release(&store, tenant, id.into()).await,
        JobCommand::Cancel { id } => cancel(&store, tenant, id.into()).await,
        JobCommand::Delete { id, assets, yes } => delete(&store, tenant, id.into(), &assets, yes).await,
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
        output::next("cavendish generate BRIEF.toml --local");
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
    output::next(&format!("cavendish job show {}", jobs[0].id));
    Ok(Exit::Done)
}

async fn release(store: &Store, tenant: TenantId, job: JobId) -> anyhow::Result<Exit> {
    let state = store.release_job(tenant, job).await?;
    println!("{state}");
    if state == JobState::Rendering {
        output::next(&format!("cavendish job show {job}"));
    }
    Ok(Exit::Done)
}

async fn cancel(store: &Store, tenant: TenantId, job: JobId) -> anyhow::Result<Exit> {
    let state = store.cancel(tenant, job).await?;
    println!("{state}");
    Ok(Exit::Done)
}

async fn delete(store: &Store, tenant: TenantId, job: JobId, wanted: &[Uuid], yes: bool) -> anyhow::Result<Exit> {
    let wanted: Vec<AssetId> = wanted.iter().copied().map(AssetId).collect();
    let kept = store.job(tenant, job).await?.assets.iter().filter(|asset| asset.deleted_at.is_none()).count();
    let count = if wanted.is_empty() { kept } else { wanted.len() };
    if count > 0 && !yes && !output::confirmed(&format!("delete {count} files of job {job}?"))? {
        anyhow::bail!("nothing was done");
    }
    let deleted = store.delete_assets(tenant, job, Some(wanted.as_slice()).filter(|ids| !ids.is_empty())).await?;
    println!("{deleted}");
    output::note("the postprocess service takes them out of the bucket within a minute");
    Ok(Exit::Done)
}

/// Milliseconds between two times; 0 when they are the wrong way round.
fn ms(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds()).unwrap_or(0)
}
