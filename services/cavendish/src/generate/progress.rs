//! How far a job is, from the lines of its history.

use cavendish_gateway::api::JobEntry;
use serde_json::Value;
use std::collections::HashMap;

/// Shares of the whole: the plan, then each shot's drawing, then each shot's files.
const PLAN: f64 = 0.04;
const DRAW: f64 = 0.66;

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Progress {
    shots: Option<u64>,
    rendered: u64,
    finished: u64,
    /// Steps done and in all, of shots that are being drawn.
    drawing: HashMap<String, (u64, u64)>,
    trouble: Option<String>,
    settled: Option<&'static str>,
}

impl Progress {
    /// Takes a line in; answers with a sentence where it is worth a line of its own.
    pub(super) fn apply(&mut self, entry: &JobEntry) -> Option<String> {
        let number = |field: &str| entry.data.get(field).and_then(Value::as_u64).unwrap_or(0);
        let text = |field: &str| entry.data.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        if entry.event != "job.progressed" {
            self.trouble = None;
        }
        match entry.event.as_str() {
            "job.requested" => return Some("accepted".into()),
            "job.planned" => {
                let shots = number("shots");
                *self = Self { shots: Some(shots), ..Self::default() };
                return Some(format!("planned: {shots} {}", plural(shots, "shot")));
            }
            "job.progressed" => {
                self.drawing.insert(text("shot_id"), (number("step"), number("steps").max(1)));
                return None;
            }
            "shot.rendered" => {
                self.rendered += 1;
                self.drawing.remove(&text("shot_id"));
                return Some(format!("shot {} of {} rendered", self.rendered, self.shots.unwrap_or(0)));
            }
            "shot.finished" => {
                self.finished += 1;
                let files = number("assets");
                return Some(format!(
                    "shot {} of {} finished: {files} {}",
                    self.finished,
                    self.shots.unwrap_or(0),
                    plural(files, "file")
                ));
            }
            "attempt.failed" => self.trouble = Some(format!("{} will try again: {}", text("stage"), text("detail"))),
            "job.completed" => self.settled = Some("completed"),
            "job.held" => self.settled = Some("held"),
            "job.cancelled" => self.settled = Some("cancelled"),
            "job.failed" => self.settled = Some("failed"),
            _ => return None,
        }
        Some(self.message())
    }

    /// How much of the whole is done, 0..=1.
    pub(super) fn share(&self) -> f64 {
        if self.settled == Some("completed") {
            return 1.0;
        }
        let Some(shots) = self.shots.filter(|&shots| shots > 0) else { return 0.0 };
        let drawn: f64 = self.drawing.values().map(|&(step, steps)| step as f64 / steps as f64).sum();
        let (rendered, finished) = (self.rendered as f64 + drawn, self.finished as f64);
        PLAN + (DRAW * rendered + (1.0 - PLAN - DRAW) * finished) / shots as f64
    }

    /// What is happening, in a few words.
    pub(super) fn message(&self) -> String {
        if let Some(word) = self.settled {
            return word.into();
        }
        if let Some(trouble) = &self.trouble {
            return trouble.clone();
        }
        let Some(shots) = self.shots else { return "planning".into() };
        if self.rendered >= shots {
            return format!("finishing  shot {} of {shots}", (self.finished + 1).min(shots));
        }
        let drawing = format!("rendering  shot {} of {shots}", (self.rendered + 1).min(shots));
        match self.drawing.values().max_by_key(|&&(step, _)| step) {
            Some((step, steps)) => format!("{drawing}, step {step} of {steps}"),
            None => drawing,
        }
    }
}

fn plural(count: u64, noun: &str) -> String {
    if count == 1 { noun.into() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(event: &str, data: Value) -> JobEntry {
        JobEntry { seq: None, at: None, event: event.into(), data }
    }

    #[test]
    fn a_job_moves_on_and_never_back() {
        let mut progress = Progress::default();
        let mut last = progress.share();
        let lines = [
            entry("job.requested", json!({})),
            entry("job.planned", json!({"shots": 2})),
            entry("job.progressed", json!({"shot_id": "a", "step": 3, "steps": 12})),
            entry("attempt.failed", json!({"stage": "render", "detail": "worker lost"})),
            entry("job.progressed", json!({"shot_id": "a", "step": 6, "steps": 12})),
            entry("shot.rendered", json!({"shot_id": "a"})),
            entry("shot.finished", json!({"shot_id": "a", "assets": 5})),
            entry("shot.rendered", json!({"shot_id": "b"})),
            entry("shot.finished", json!({"shot_id": "b", "assets": 5})),
            entry("job.completed", json!({})),
        ];
        let mut said = Vec::new();
        for line in &lines {
            said.extend(progress.apply(line));
            assert!(progress.share() >= last, "{line:?}");
            last = progress.share();
        }
        assert!((last - 1.0).abs() < 1e-9);
        assert_eq!(said[1], "planned: 2 shots");
        assert_eq!(said[2], "render will try again: worker lost");
        assert_eq!(said.last().unwrap(), "completed");
    }

    #[test]
    fn the_message_tells_shot_and_step() {
        let mut progress = Progress::default();
        assert_eq!(progress.message(), "planning");
        progress.apply(&entry("job.planned", json!({"shots": 4})));
        progress.apply(&entry("job.progressed", json!({"shot_id": "a", "step": 7, "steps": 12})));
        assert_eq!(progress.message(), "rendering  shot 1 of 4, step 7 of 12");
    }
}
