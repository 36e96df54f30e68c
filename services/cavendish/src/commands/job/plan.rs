//! Why the shots of a job are drawn as they are.

use crate::output::{short, span};
use cavendish_domain::{Decision, ShotRequest};
use cavendish_store::JobView;
use console::style;

/// Characters of a reason.
const WIDTH: usize = 140;

/// Prints the decisions; shots of the same reasons are told of together. Nothing for jobs that were planned before
/// there were decisions.
pub(super) fn print(view: &JobView) {
    let told = told(view);
    if told.is_empty() {
        return;
    }
    println!("\n{}", style("Plan").bold());
    for (shots, lines) in told {
        println!("{}", style(shots).dim());
        let wide = lines.iter().map(|(code, _)| code.len()).max().unwrap_or_default() + 2;
        for (code, text) in lines {
            println!("  {}{}", style(format!("{code:<wide$}")).dim(), short(&text, WIDTH));
        }
    }
}

/// A reason: its code, and the sentence for people.
type Line = (String, String);

/// For every decision: its shots, and its lines as (code, text).
fn told(view: &JobView) -> Vec<(String, Vec<Line>)> {
    let mut groups: Vec<(Vec<String>, Vec<Line>)> = vec![];
    for shot in &view.shots {
        let Ok(request) = serde_json::from_value::<ShotRequest>(shot.request.clone()) else { continue };
        let Some(decision) = &request.decision else { continue };
        let (number, lines) = ((shot.index + 1).to_string(), lines(&request, decision));
        match groups.iter_mut().find(|(_, known)| *known == lines) {
            Some((numbers, _)) => numbers.push(number),
            None => groups.push((vec![number], lines)),
        }
    }
    let named = |numbers: Vec<String>| match numbers.as_slice() {
        [one] => format!("shot {one}"),
        several => format!("shots {}", several.join(", ")),
    };
    groups.into_iter().map(|(numbers, lines)| (named(numbers), lines)).collect()
}

fn lines(request: &ShotRequest, decision: &Decision) -> Vec<Line> {
    let steps = request.steps.map_or_else(|| "the model's own steps".into(), |steps| format!("{steps} steps"));
    let native = decision.native.map_or_else(String::new, |[width, height]| format!(" at {width}×{height}"));
    let seconds = decision.seconds.map_or_else(String::new, |seconds| {
        let [mean, upper] = [seconds.mean, seconds.upper].map(|seconds| span((seconds * 1e3) as u64));
        format!(", about {mean}, seldom over {upper}")
    });
    let what = if decision.model.is_some() || request.steps.is_some() { steps + &native } else { "placed".into() };
    let mut lines = vec![("drawn".to_owned(), what + &seconds)];
    lines.extend(decision.reasons.iter().map(|reason| (reason.code.clone(), reason.text.clone())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_store::{JobSummary, ShotView};
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn shot(index: i32, decision: Value) -> ShotView {
        let request = json!({"variant": index, "prompt": "x", "seed": 1, "width": 1024, "height": 1024, "steps": 6,
                             "method": {"kind": "draw"}, "deliverables": [0], "decision": decision});
        let (id, state) = (Uuid::nil(), "finished".into());
        ShotView { id, index, state, request, error: None, render: None }
    }

    fn view(shots: Vec<ShotView>) -> JobView {
        let summary = JobSummary {
            id: Uuid::nil(),
            state: "completed".into(),
            lane: "standard".into(),
            name: None,
            error: None,
            created_at: chrono::Utc::now(),
            settled_at: None,
            deadline_at: None,
        };
        JobView { summary, brief: json!({}), shots, assets: vec![] }
    }

    #[test]
    fn shots_of_one_decision_are_told_together_with_its_reasons() {
        let decision = json!({
            "model": "m", "quality": "best", "complexity": 0.1, "native": [64, 64], "upscale": 16.0,
            "early_stop": 0.0, "reuse": {"prompt": "p", "expected": false}, "seconds": {"mean": 1.0, "upper": 2.0},
            "reasons": [{"code": "deadline_steps", "text": "6 steps instead of 24"}],
        });
        let told = told(&view(vec![shot(0, decision.clone()), shot(1, decision), shot(2, Value::Null)]));
        assert_eq!(told.len(), 1, "a shot without a decision says nothing");
        assert_eq!(told[0].0, "shots 1, 2");
        assert_eq!(told[0].1[0].1, "6 steps at 64×64, about 1.0 s, seldom over 2.0 s");
        assert_eq!(told[0].1[1], ("deadline_steps".to_owned(), "6 steps instead of 24".to_owned()));
    }
}
