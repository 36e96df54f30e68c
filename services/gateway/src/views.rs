//! What is stored, as clients see it.

use crate::api::{
    AssetStatus, CutoutStatus, JobHead, JobLinks, JobStatus, JobTimings, RenderStatus, ShotStatus, ShotTimings,
};
use crate::error::ApiError;
use crate::state::AppState;
use cavendish_blobs::BlobError;
use cavendish_domain::{BlobKey, JobId, JobState, ShotRequest, TenantId};
use cavendish_store::{AssetRow, HistoryEntry, JobSummary, RenderRow, ShotView};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Everything about a job, with a fresh download URL for every asset.
pub(crate) async fn status(state: &AppState, tenant: TenantId, job: JobId) -> Result<JobStatus, ApiError> {
    let view = state.store.job(tenant, job).await?;
    let history = state.store.history(tenant, job, 0).await?;
    let queue_position = state.store.queue_position(job).await?;
    let mut assets = Vec::with_capacity(view.assets.len());
    for asset in view.assets {
        assets.push(asset_status(state, asset).await?);
    }
    let times = Times::of(&history);
    let cutouts = cutouts(state, view.shots.first()).await?;
    let shots = view.shots.into_iter().map(|shot| shot_status(shot, &times)).collect();
    let timings = times.job(view.summary.created_at, view.summary.settled_at);
    let below_consistency = assets.iter().filter(|asset| asset.below_consistency).count();
    let (head, brief) = (head(state, view.summary), view.brief);
    Ok(JobStatus { head, queue_position, brief, timings, shots, cutouts, below_consistency, assets })
}

/// A job in short.
pub(crate) fn head(state: &AppState, row: JobSummary) -> JobHead {
    JobHead {
        id: row.id,
        deadline_at: row.deadline_at,
        late_by_ms: row.late_by_ms(),
        status: row.state.parse().unwrap_or(JobState::Queued),
        name: row.name,
        lane: row.lane.parse().unwrap_or_default(),
        error: row.error,
        created_at: row.created_at,
        settled_at: row.settled_at,
        links: links(state, JobId(row.id)),
    }
}

/// Where to go on from a job.
pub(crate) fn links(state: &AppState, job: JobId) -> JobLinks {
    let base = state.config.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    JobLinks {
        status_url: format!("{base}/v1/jobs/{job}"),
        events_url: format!("{base}/v1/jobs/{job}/events"),
        cancel_url: format!("{base}/v1/jobs/{job}/cancel"),
    }
}

/// The cut-outs that a job's shots show; all of them show the same.
async fn cutouts(state: &AppState, shot: Option<&ShotView>) -> Result<Vec<CutoutStatus>, BlobError> {
    let request = shot.and_then(|shot| serde_json::from_value::<ShotRequest>(shot.request.clone()).ok());
    let mut all = vec![];
    for (subject, shown) in request.iter().flat_map(|request| request.subjects.iter().enumerate()) {
        for cutout in &shown.cutouts {
            let url = state.blobs.presign_get(&cutout.key, state.config.asset_url_ttl(), None).await?;
            let (confidence, uncertain) = (cutout.confidence, cutout.uncertain.clone());
            all.push(CutoutStatus { subject, confidence, uncertain, url });
        }
    }
    Ok(all)
}

fn shot_status(shot: ShotView, times: &Times) -> ShotStatus {
    ShotStatus {
        id: shot.id,
        index: shot.index,
        status: shot.state,
        request: shot.request,
        error: shot.error,
        render: shot.render.map(|render| render_status(render.0)),
        timings: times.shot(shot.id),
    }
}

fn render_status(row: RenderRow) -> RenderStatus {
    let RenderRow { attempt, model, seed, steps, width, height, consistency, report, .. } = row;
    // Stored as the bits of a u64.
    RenderStatus { attempt, model, seed: seed.cast_unsigned(), steps, width, height, consistency, report }
}

async fn asset_status(state: &AppState, row: AssetRow) -> Result<AssetStatus, BlobError> {
    let url = match row.deleted_at {
        Some(_) => String::new(),
        None => presigned(state, &row.blob_key).await?,
    };
    Ok(AssetStatus {
        deleted_at: row.deleted_at,
        id: row.id,
        shot_id: row.shot_id,
        deliverable: row.deliverable,
        spec: row.spec,
        variant: row.variant,
        width: row.width,
        height: row.height,
        bytes: row.bytes,
        mime: row.mime,
        compliant: row.compliant,
        consistency: row.consistency,
        below_consistency: row.below_consistency,
        report: row.report,
        key: row.blob_key,
        url,
    })
}

pub(crate) async fn presigned(state: &AppState, key: &str) -> Result<String, BlobError> {
    let Ok(key) = serde_json::from_value::<BlobKey>(Value::from(key)) else { return Ok(String::new()) };
    state.blobs.presign_get(&key, state.config.asset_url_ttl(), None).await
}

/// When things happened, read off a job's history.
struct Times {
    planned: Option<DateTime<Utc>>,
    rendered: Vec<(Uuid, DateTime<Utc>)>,
    finished: Vec<(Uuid, DateTime<Utc>)>,
}

impl Times {
    fn of(history: &[HistoryEntry]) -> Self {
        let shots = |event: &str| -> Vec<_> {
            let rows = history.iter().filter(|row| row.event == event);
            rows.filter_map(|row| Some((row.data.get("shot_id")?.as_str()?.parse().ok()?, row.at))).collect()
        };
        let planned = history.iter().rfind(|row| row.event == "job.planned").map(|row| row.at);
        Self { planned, rendered: shots("shot.rendered"), finished: shots("shot.finished") }
    }

    fn job(&self, created: DateTime<Utc>, settled: Option<DateTime<Utc>>) -> JobTimings {
        let last = |times: &[(Uuid, DateTime<Utc>)]| times.iter().map(|(_, at)| *at).max();
        JobTimings {
            planning_ms: between(Some(created), self.planned),
            rendering_ms: between(self.planned, last(&self.rendered)),
            finishing_ms: between(last(&self.rendered), last(&self.finished)),
            total_ms: between(Some(created), settled),
        }
    }

    fn shot(&self, shot: Uuid) -> ShotTimings {
        let at = |times: &[(Uuid, DateTime<Utc>)]| times.iter().rfind(|(id, _)| *id == shot).map(|(_, at)| *at);
        let (rendered, finished) = (at(&self.rendered), at(&self.finished));
        ShotTimings { render_ms: between(self.planned, rendered), postprocess_ms: between(rendered, finished) }
    }
}

fn between(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Option<u64> {
    u64::try_from((to? - from?).num_milliseconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::json;

    #[test]
    fn stage_times_add_up_to_the_whole() {
        let start = Utc::now();
        let at = |ms: i64| start + TimeDelta::milliseconds(ms);
        let shots = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let row = |ms: i64, event: &str, shot: usize| HistoryEntry {
            seq: ms,
            at: at(ms),
            event: event.into(),
            data: json!({"shot_id": shots.get(shot)}),
        };
        let history = [
            row(10, "job.planned", 9),
            row(30, "shot.rendered", 0),
            row(50, "shot.rendered", 1),
            row(60, "shot.finished", 0),
            row(90, "shot.finished", 1),
        ];
        let times = Times::of(&history);
        let job = times.job(start, Some(at(90)));
        let stages = [job.planning_ms, job.rendering_ms, job.finishing_ms];
        assert_eq!((stages, job.total_ms), ([Some(10), Some(40), Some(40)], Some(90)));
        assert_eq!(times.shot(shots[0]), ShotTimings { render_ms: Some(20), postprocess_ms: Some(30) });
        assert_eq!(times.shot(Uuid::nil()), ShotTimings::default());
    }
}
