//! A job's history, a line for each entry.

use super::ms;
use crate::output::{self, plain, short, span};
use cavendish_store::{HistoryEntry, JobView};
use console::style;
use serde_json::Value;

/// Characters of what is told of an entry.
const WIDTH: usize = 120;

/// `   +9.3 s  shot.rendered   shot 2: nano-v0, 256×256, 12 steps, seed 12, drawn in 8.2 s`
pub(super) fn line(job: &JobView, entry: &HistoryEntry) -> String {
    let at = format!("+{}", span(ms(job.summary.created_at, entry.at)));
    let event = match entry.event.as_str() {
        "attempt.failed" | "job.failed" => style(&entry.event).red(),
        "job.completed" => style(&entry.event).green(),
        _ => style(&entry.event),
    };
    let event = console::pad_str(&event.to_string(), 14, console::Alignment::Left, None).into_owned();
    let told = told(job, entry);
    format!("{at:>12}  {event}  {}", short(&told, WIDTH)).trim_end().to_owned()
}

fn told(job: &JobView, entry: &HistoryEntry) -> String {
    let data = &entry.data;
    let shot = |field: &str| shot_name(job, &data[field]);
    match entry.event.as_str() {
        "job.requested" => format!("{} lane", plain(&data["lane"])),
        "job.planned" => counted(&data["shots"], "shot"),
        "shot.rendered" => format!("{}: {}", shot("shot_id"), rendered(data)),
        "shot.finished" => format!("{}: {}", shot("shot_id"), counted(&data["assets"], "file")),
        "attempt.failed" => {
            let what = [plain(&data["stage"]), shot("subject_id"), format!("attempt {}", plain(&data["attempt"]))];
            let what: Vec<_> = what.into_iter().filter(|part| !part.is_empty()).collect();
            let again = data["retry_in_ms"].as_u64().map(|ms| format!(", again in {}", span(ms))).unwrap_or_default();
            format!("{}{again}: {}", what.join(", "), plain(&data["detail"]))
        }
        "job.completed" => {
            let late = data["late_by_ms"].as_u64().map(|late| format!(", {} late", span(late)));
            counted(&data["assets"], "file") + &late.unwrap_or_default()
        }
        "job.failed" | "job.held" => plain(&data["error"]),
        "job.cancelled" | "job.released" => String::new(),
        // What a newer service wrote is told as it stands.
        _ => plain(data),
    }
}

fn rendered(data: &Value) -> String {
    let size = format!("{}×{}", plain(&data["width"]), plain(&data["height"]));
    let mut parts = vec![plain(&data["model"]), size];
    if data["steps"].as_u64().is_some_and(|steps| steps > 0) {
        parts.push(format!("{} steps", data["steps"]));
    }
    parts.push(format!("seed {}", plain(&data["seed"])));
    parts.extend(drawn_in(&data["report"]).map(|time| format!("drawn in {time}")));
    parts.extend(drawn_on(&data["report"]["outpainted"]));
    if data["attempt"].as_u64().is_some_and(|attempt| attempt > 1) {
        parts.push(format!("attempt {}", data["attempt"]));
    }
    parts.join(", ")
}

/// How long a render took, less the time that it waited for the model.
pub(super) fn drawn_in(report: &Value) -> Option<String> {
    let waited = report["timing"]["queued_ms"].as_f64().unwrap_or(0.0);
    let took = report["rendered_ms"].as_f64()? - waited;
    Some(span(took.max(0.0) as u64))
}

/// `drawn on in 1 of 4 windows: deadline`, of a scene that deliverables show more of than its render.
fn drawn_on(told: &Value) -> Option<String> {
    let (done, needed) = (told["windows"].as_u64()?, told["needed"].as_u64()?);
    let why = told["stopped"].as_str().map_or_else(String::new, |why| format!(": {why}"));
    let all = if done == needed { String::new() } else { format!("{done} of ") };
    Some(format!("drawn on in {all}{}{why}", counted(&told["needed"], "window")))
}

/// `shot 2`; nothing for what is no shot of this job.
fn shot_name(job: &JobView, id: &Value) -> String {
    let id = plain(id);
    let shot = job.shots.iter().find(|shot| shot.id.to_string() == id);
    shot.map_or_else(String::new, |shot| format!("shot {}", shot.index + 1))
}

/// `5 files`, of a number or a list.
fn counted(value: &Value, noun: &str) -> String {
    let count = value.as_u64().map_or_else(|| value.as_array().map_or(0, Vec::len), |count| count as usize);
    output::counted(count, noun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_store::{JobSummary, ShotView};
    use chrono::{TimeDelta, Utc};
    use serde_json::json;
    use uuid::Uuid;

    fn job() -> JobView {
        let shot = |n: u128, index| ShotView {
            id: Uuid::from_u128(n),
            index,
            state: "finished".into(),
            request: json!({}),
            error: None,
            render: None,
        };
        let summary = JobSummary {
            id: Uuid::from_u128(1),
            state: "completed".into(),
            lane: "standard".into(),
            name: None,
            error: None,
            created_at: Utc::now(),
            settled_at: None,
            deadline_at: None,
        };
        JobView { summary, brief: json!({}), shots: vec![shot(7, 0), shot(8, 1)], assets: vec![] }
    }

    fn said(event: &str, data: Value) -> String {
        let job = job();
        let at = job.summary.created_at + TimeDelta::milliseconds(1_250);
        let entry = HistoryEntry { seq: 1, at, event: event.into(), data };
        console::strip_ansi_codes(&line(&job, &entry)).into_owned()
    }

    #[test]
    fn an_entry_is_told_in_words_with_the_number_of_its_shot() {
        assert_eq!(said("job.planned", json!({"shots": 2})), "      +1.2 s  job.planned     2 shots");
        let data = json!({"shot_id": Uuid::from_u128(8), "attempt": 2, "model": "nano-v0", "width": 256, "height": 256,
                          "steps": 12, "seed": 9, "report": {"rendered_ms": 9_000.0, "timing": {"queued_ms": 800.0}}});
        let expected = "shot 2: nano-v0, 256×256, 12 steps, seed 9, drawn in 8.2 s, attempt 2";
        assert!(said("shot.rendered", data).ends_with(expected));
        let data = json!({"stage": "render", "subject_id": Uuid::from_u128(7), "attempt": 1, "reason": "lost",
                          "detail": "worker lost", "retry_in_ms": 2_000});
        assert!(said("attempt.failed", data).ends_with("render, shot 1, attempt 1, again in 2.0 s: worker lost"));
        assert!(said("job.completed", json!({"assets": [1]})).ends_with("1 file"));
        let late = json!({"assets": [1], "late_by_ms": 1_200});
        assert!(said("job.completed", late).ends_with("1 file, 1.2 s late"));
        assert!(said("job.invented", json!({"a": 1})).ends_with("{\"a\":1}"));
    }

    #[test]
    fn a_scene_that_was_drawn_on_says_how_far_and_why_no_farther() {
        let told = |value| drawn_on(&value);
        assert_eq!(told(json!({"windows": 1, "needed": 1, "stopped": null})).unwrap(), "drawn on in 1 window");
        let early = json!({"windows": 1, "needed": 4, "stopped": "deadline"});
        assert_eq!(told(early).unwrap(), "drawn on in 1 of 4 windows: deadline");
        assert_eq!(told(Value::Null), None);
    }
}
