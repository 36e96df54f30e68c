//! What `cavendish subject show` prints.

use crate::output::{self, plain};
use cavendish_gateway::api::subjects::{JobUse, ReferenceStatus, SubjectStatus, VersionHead};
use console::style;
use serde_json::Value;

/// Prints a subject for people.
pub(super) fn print(status: &SubjectStatus) {
    let (head, version) = (&status.head, &status.profile.head);
    let named = format!("{}@{}", head.name, version.version);
    println!("{}  {}", style(&named).bold(), output::state(&version.status));
    let mut rows = vec![("kind", head.kind.clone()), ("made", output::ago(version.created_at))];
    if let Some(took) = status.profile.report["took_ms"].as_f64() {
        rows.push(("took", output::span(took as u64)));
    }
    rows.push(("references", counts(version)));
    if let Some(mean) = version.self_similarity {
        let least = status.profile.report["self_similarity"]["least"].as_f64().unwrap_or(mean);
        rows.push(("alike", format!("{mean:.2} on average, {least:.2} at least")));
    }
    let colours = colours(&status.profile.palette);
    if !colours.is_empty() {
        rows.push(("colours", colours.join(", ")));
    }
    let looks = ["form", "tone", "saturation"].map(|field| plain(&status.profile.attributes[field]));
    let looks: Vec<_> = looks.into_iter().filter(|word| !word.is_empty()).collect();
    if !looks.is_empty() {
        rows.push(("looks", looks.join(", ")));
    }
    rows.extend(version.error.clone().map(|error| ("error", style(error).red().to_string())));
    for (name, value) in rows {
        println!("{}{value}", style(format!("{name:<12}")).dim());
    }
    print_references(&status.profile.pictures);
    if status.history.len() > 1 {
        let row = |v: &VersionHead| {
            vec![v.version.to_string(), output::state(&v.status), counts(v), output::ago(v.created_at)]
        };
        let rows: Vec<_> = status.history.iter().map(row).collect();
        let head = ["VERSION", "STATE", "REFERENCES", "MADE"];
        println!("\n{}\n{}", style("Versions").bold(), output::table(&head, &rows));
    }
    if !status.used_by.is_empty() {
        let row = |job: &JobUse| {
            let name = job.name.clone().unwrap_or_else(|| "–".into());
            vec![job.id.to_string(), output::state(&job.status), format!("@{}", job.version), name]
        };
        let rows: Vec<_> = status.used_by.iter().map(row).collect();
        println!("\n{}\n{}", style("Jobs").bold(), output::table(&["ID", "STATE", "VERSION", "NAME"], &rows));
    }
}

fn print_references(pictures: &[ReferenceStatus]) {
    let row = |picture: &ReferenceStatus| {
        let size = picture.width.zip(picture.height).map_or_else(|| "–".into(), |(w, h)| format!("{w}×{h}"));
        let reasons: Vec<_> = picture.reasons.iter().map(|reason| reason.text.as_str()).collect();
        let number = |value: &Value| value.as_f64().map_or_else(|| "–".into(), |value| format!("{value:.2}"));
        vec![
            picture.index.to_string(),
            output::state(picture.verdict.as_deref().unwrap_or("waiting")),
            size,
            number(&picture.measures["sharpness"]),
            reasons.join("; "),
        ]
    };
    let rows: Vec<_> = pictures.iter().map(row).collect();
    let head = ["#", "VERDICT", "PIXELS", "SHARP", "WHY"];
    println!("\n{}\n{}", style("References").bold(), output::table(&head, &rows));
}

fn counts(version: &VersionHead) -> String {
    let VersionHead { references, good, flagged, rejected, .. } = version;
    format!("{references}: {good} good, {flagged} flagged, {rejected} rejected")
}

fn colours(palette: &Value) -> Vec<String> {
    let share = |swatch: &Value| format!("{:.0} %", swatch["share"].as_f64().unwrap_or(0.0) * 100.0);
    let told = |swatch: &Value| format!("{} {} {}", plain(&swatch["name"]), plain(&swatch["hex"]), share(swatch));
    palette.as_array().into_iter().flatten().map(told).collect()
}

/// What a test found, on one or more lines.
pub(super) fn verdict(result: &Value) -> String {
    let number = |field: &str| result[field].as_f64().unwrap_or(0.0);
    let same = result["same"] == Value::Bool(true);
    let word = if same { style("the same subject").green() } else { style("another subject").red() };
    let mut text = format!(
        "{:.2}  {word}  (cosine {:.3}, nearest is reference {})",
        number("consistency"),
        number("cosine"),
        result["nearest"]
    );
    for reason in result["reasons"].as_array().into_iter().flatten() {
        text += &format!("\n      {}", plain(&reason["text"]));
    }
    text
}
