//! What a run made, for programs: `manifest.json`.

use crate::brief_file::BriefFile;
use cavendish_domain::JobState;
use cavendish_gateway::api::{AssetStatus, JobStatus, JobTimings, ShotStatus};
use cavendish_specs::{Catalogue, Check, Format};
use cavendish_typesetting::Fit;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// One run of `generate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this program.
    pub cavendish: String,
    /// When the run ended.
    pub created_at: DateTime<Utc>,
    /// Wall-clock milliseconds of the whole run.
    pub elapsed_ms: u64,
    /// The briefs, in the order of the command line.
    pub briefs: Vec<BriefRecord>,
    /// The files, by brief, variant and deliverable.
    pub assets: Vec<AssetRecord>,
}

/// A brief and its job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BriefRecord {
    /// Name of its folder.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The job.
    pub job_id: Uuid,
    /// How the job ended.
    pub status: JobState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was to be shown.
    pub prompt: String,
    /// The earlier job whose renders were finished anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renders_of: Option<Uuid>,
    /// The seed it was given, or drew.
    pub seed: Option<u64>,
    /// Path of the subject's photograph, relative to the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// How long the job took, per stage.
    pub timings: JobTimings,
}

/// A finished file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AssetRecord {
    /// The slug of its brief.
    pub brief: String,
    /// The job.
    pub job_id: Uuid,
    /// Output spec.
    pub spec: String,
    /// The spec's title.
    pub title: String,
    /// Which variant, from 1.
    pub variant: u32,
    /// Path relative to the manifest.
    pub path: String,
    /// What a page shows instead of a file that browsers do not show, a data URL.
    #[serde(skip)]
    pub preview: Option<String>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// Media type.
    pub mime: String,
    /// Whether every check passed.
    pub compliant: bool,
    /// The checks with what was measured.
    pub checks: Vec<Check>,
    /// Parts of the copy that had no room in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What is doubtful about the cut-out of its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertain: Option<String>,
    /// How like themselves its kept subjects are; absent where none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<ConsistencyRecord>,
    /// Seed of its shot.
    pub seed: u64,
    /// Model name and version.
    pub model: String,
    /// Denoising steps.
    pub steps: u32,
    /// How long it took, per stage.
    pub timings: AssetTimings,
    /// Key in the bucket.
    pub key: String,
}

/// How like themselves the subjects of a file are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsistencyRecord {
    /// That of the subject least like itself, 0..=1.
    pub score: f32,
    /// What the brief asks for.
    pub least: f32,
    /// Whether it is less than that.
    pub below: bool,
    /// Every try: method, seed, guidance and what it came to.
    #[serde(default)]
    pub tries: Vec<Value>,
}

/// Wall-clock milliseconds per stage; waiting for the stage is counted with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AssetTimings {
    /// From acceptance to the plan.
    pub planning_ms: Option<u64>,
    /// From the plan to the render of its shot.
    pub render_ms: Option<u64>,
    /// From the render to the stored files of its shot.
    pub postprocess_ms: Option<u64>,
    /// What the render stage measured itself.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub render: Value,
    /// What the postprocess stage measured itself.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub postprocess: Value,
}

impl Manifest {
    /// How many files meet their spec.
    #[must_use]
    pub fn compliant(&self) -> usize {
        self.assets.iter().filter(|asset| asset.compliant).count()
    }

    /// How many of those on spec show a subject whose cut-out is doubtful.
    #[must_use]
    pub fn doubtful(&self) -> usize {
        self.assets.iter().filter(|asset| asset.compliant && asset.uncertain.is_some()).count()
    }

    /// The files of a brief.
    pub fn assets_of<'a>(&'a self, brief: &'a BriefRecord) -> impl Iterator<Item = &'a AssetRecord> {
        self.assets.iter().filter(move |asset| asset.job_id == brief.job_id)
    }
}

/// The record of a brief; `photo` is where its photograph was copied to.
#[must_use]
pub fn brief_record(brief: &BriefFile, job: &JobStatus, photo: Option<String>) -> BriefRecord {
    BriefRecord {
        slug: brief.slug.clone(),
        name: brief.title.clone(),
        job_id: job.head.id,
        status: job.head.status,
        error: job.head.error.clone(),
        prompt: job.brief.get("prompt").and_then(Value::as_str).unwrap_or_default().into(),
        renders_of: job.brief.get("renders_of").and_then(|id| id.as_str()?.parse().ok()),
        seed: job.brief.get("seed").and_then(Value::as_u64),
        photo,
        timings: job.timings,
    }
}

/// The records of a job's files, each with the URL to download it from.
#[must_use]
pub fn asset_records(brief: &BriefFile, job: &JobStatus) -> Vec<(AssetRecord, String)> {
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut records: Vec<_> = job.assets.iter().collect();
    records.sort_by_key(|asset| (asset.variant, asset.deliverable));
    records
        .into_iter()
        .map(|asset| {
            let name = file_name(asset, &mut names);
            let shot = job.shots.iter().find(|shot| shot.id == asset.shot_id);
            let record = record(&brief.slug, job, asset, shot, format!("{}/{name}", brief.slug));
            (record, asset.url.clone())
        })
        .collect()
}

/// `amazon-main-1.jpg`; a spec that was asked for twice gets a letter: `amazon-main-1b.jpg`.
fn file_name(asset: &AssetStatus, names: &mut HashMap<String, u32>) -> String {
    let stem = format!("{}-{}", asset.spec, asset.variant + 1);
    let extension = Format::from_mime(&asset.mime).map_or("bin", Format::extension);
    let count = names.entry(stem.clone()).or_default();
    *count += 1;
    let letter = match *count {
        1 => String::new(),
        again => char::from_u32(u32::from('a') + (again - 1) % 26).map(String::from).unwrap_or_default(),
    };
    format!("{stem}{letter}.{extension}")
}

/// The parts of the copy that had no room in a file, by its report.
#[must_use]
pub fn left_out(report: &Value) -> Vec<String> {
    let elements = report["type"]["elements"].as_array().into_iter().flatten();
    let out = elements.filter(|element| element["fit"] == json!(Fit::DidNotFit));
    out.filter_map(|element| element["element"].as_str().map(str::to_owned)).collect()
}

/// `no room for cta, legal`; nothing where all of the copy is there.
pub(crate) fn no_room(report: &Value) -> Option<String> {
    Some(left_out(report)).filter(|out| !out.is_empty()).map(|out| format!("no room for {}", out.join(", ")))
}

/// What is doubtful about the cut-out that a file shows, by its report.
pub(crate) fn doubt(report: &Value) -> Option<String> {
    report["uncertain"].as_str().map(str::to_owned)
}

fn record(brief: &str, job: &JobStatus, asset: &AssetStatus, shot: Option<&ShotStatus>, path: String) -> AssetRecord {
    let render = shot.and_then(|shot| shot.render.as_ref());
    let timings_of =
        |report: Option<&Value>| report.and_then(|report| report.get("timing")).cloned().unwrap_or_default();
    let times = shot.map(|shot| shot.timings).unwrap_or_default();
    AssetRecord {
        brief: brief.into(),
        job_id: job.head.id,
        spec: asset.spec.clone(),
        title: Catalogue::builtin().get(&asset.spec).map_or_else(|_| asset.spec.clone(), |spec| spec.title.clone()),
        variant: asset.variant.cast_unsigned() + 1,
        path,
        preview: None,
        width: asset.width.cast_unsigned(),
        height: asset.height.cast_unsigned(),
        bytes: asset.bytes.cast_unsigned(),
        mime: asset.mime.clone(),
        compliant: asset.compliant,
        checks: asset.report.get("checks").and_then(|c| serde_json::from_value(c.clone()).ok()).unwrap_or_default(),
        left_out: left_out(&asset.report),
        uncertain: doubt(&asset.report),
        consistency: asset.report.get("consistency").and_then(|c| serde_json::from_value(c.clone()).ok()),
        seed: render.map_or(0, |render| render.seed),
        model: render.map_or_else(String::new, |render| render.model.clone()),
        steps: render.map_or(0, |render| render.steps.cast_unsigned()),
        timings: AssetTimings {
            planning_ms: job.timings.planning_ms,
            render_ms: times.render_ms,
            postprocess_ms: times.postprocess_ms,
            render: timings_of(render.map(|render| &render.report)),
            postprocess: timings_of(Some(&asset.report)),
        },
        key: asset.key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(spec: &str, variant: i32, deliverable: i32, shot: Uuid) -> Value {
        json!({"id": Uuid::nil(), "shot_id": shot, "deliverable": deliverable, "spec": spec, "variant": variant,
               "width": 1600, "height": 1600, "bytes": 84_000, "mime": "image/jpeg", "compliant": true,
               "report": {"checks": [{"name": "size", "rule": "r", "measured": "m", "outcome": "passed"}],
                          "timing": {"encode_ms": 12}, "uncertain": "the rim",
                          "type": {"elements": [{"element": "price", "fit": "set"},
                                                {"element": "cta", "fit": "did-not-fit"}]}},
               "key": "k", "url": format!("http://s3/{spec}/{variant}/{deliverable}")})
    }

    fn job() -> JobStatus {
        let shot = Uuid::from_u128(5);
        let brief = json!({"prompt": "a cup", "seed": 7, "deliverables": ["amazon-main"]});
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "status": "completed", "lane": "standard", "created_at": Utc::now(),
            "status_url": "", "events_url": "", "cancel_url": "", "brief": brief,
            "timings": {"planning_ms": 10}, "assets": [
                asset("amazon-main", 1, 0, shot), asset("amazon-main", 0, 0, shot), asset("amazon-main", 0, 1, shot)],
            "shots": [{"id": shot, "index": 0, "status": "finished", "request": {}, "timings": {"render_ms": 20},
                       "render": {"attempt": 1, "model": "nano-v0", "seed": u64::MAX, "steps": 12, "width": 64,
                                  "height": 64, "report": {"timing": {"denoise_ms": 9}}}}],
        }))
        .unwrap()
    }

    #[test]
    fn every_file_has_a_name_of_its_own_and_what_is_known_of_it() {
        let body = Value::Null;
        let brief = BriefFile { path: "c.toml".into(), slug: "cup".into(), title: "Cup".into(), body, photo: None };
        let records = asset_records(&brief, &job());
        let paths: Vec<_> = records.iter().map(|(record, url)| (record.path.as_str(), url.as_str())).collect();
        assert_eq!(
            paths,
            [
                ("cup/amazon-main-1.jpg", "http://s3/amazon-main/0/0"),
                ("cup/amazon-main-1b.jpg", "http://s3/amazon-main/0/1"),
                ("cup/amazon-main-2.jpg", "http://s3/amazon-main/1/0"),
            ]
        );
        let record = &records[0].0;
        assert_eq!((record.seed, record.model.as_str(), record.steps), (u64::MAX, "nano-v0", 12));
        assert_eq!((record.checks.len(), record.title.as_str()), (1, "Amazon main product image"));
        assert_eq!((record.timings.planning_ms, record.timings.render_ms), (Some(10), Some(20)));
        assert_eq!(record.timings.postprocess["encode_ms"], 12);
        assert_eq!(record.timings.render["denoise_ms"], 9);
        assert_eq!(
            (record.uncertain.as_deref(), record.left_out.as_slice()),
            (Some("the rim"), ["cta".into()].as_slice())
        );
        let brief = brief_record(&brief, &job(), None);
        assert_eq!((brief.prompt.as_str(), brief.seed), ("a cup", Some(7)));
    }
}
