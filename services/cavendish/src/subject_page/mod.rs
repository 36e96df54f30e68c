//! The page of a subject: one self-contained file without scripts, in light and dark, in the style of the contact sheet.

mod pictures;

use crate::sheet::html::{escape, tag};
use crate::sheet::{MARK, STYLE};
use cavendish_gateway::api::subjects::{JobUse, ReferenceStatus, SubjectStatus};
use serde_json::Value;

pub(crate) use pictures::{Actual, Picture, pictures};

const OWN_STYLE: &str = include_str!("page.css");

/// The page; `pictures` are those of the references, in their order.
pub(crate) fn page(status: &SubjectStatus, pictures: &[Picture]) -> String {
    let named = format!("{}@{}", status.head.name, status.profile.head.version);
    let cards: String = status.profile.pictures.iter().zip(pictures).map(|(row, picture)| card(row, picture)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}{OWN_STYLE}</style>\n\
         </head>\n<body>\n{}<main>\n{}<h2>References</h2>\n<div class=\"references\">\n{cards}</div>\n{}{}</main>\n</body>\n\
         </html>\n",
        escape(&format!("{named} · Cavendish")),
        masthead(status, &named),
        palette(&status.profile.palette),
        similarity(&status.profile.report["self_similarity"]),
        jobs(&status.used_by),
    )
}

fn masthead(status: &SubjectStatus, named: &str) -> String {
    let version = &status.profile.head;
    let alike = version.self_similarity.map_or_else(|| "–".into(), |mean| format!("{mean:.2}"));
    let tone = if version.status == "profiled" { "good" } else { "bad" };
    let figures = [
        (version.status.clone(), "state", tone),
        (format!("{} / {}", version.good + version.flagged, version.references), "references used", ""),
        (alike, "self-similarity", ""),
        (status.head.jobs.to_string(), "jobs", ""),
    ];
    let figure = |(value, label, tone): &(String, &str, &str)| {
        format!("<div class=\"figure {tone}\"><b>{}</b><span>{label}</span></div>\n", escape(value))
    };
    let figures: String = figures.iter().map(figure).collect();
    let attribute = |field: &str| status.profile.attributes[field].as_str().map(str::to_owned);
    let looks: Vec<String> = ["form", "tone", "saturation"].into_iter().filter_map(attribute).collect();
    let made = version.created_at.format("%e %B %Y, %H:%M UTC").to_string();
    let about = [vec![status.head.kind.clone()], looks, vec![made.trim().to_owned()]].concat().join(" · ");
    let error = version.error.as_deref().map_or_else(String::new, |error| tag("p", "error", error));
    format!(
        "<header class=\"masthead\">\n<div class=\"brand\">{MARK}<div><h1>{}</h1><p>{}</p></div></div>\n\
         <div class=\"figures\">\n{figures}</div>\n</header>\n{error}",
        escape(named),
        escape(&about),
    )
}

fn palette(palette: &Value) -> String {
    let swatch = |swatch: &Value| {
        // Only what is a colour goes into a style.
        let hex =
            swatch["hex"].as_str().filter(|hex| hex.len() == 7 && hex[1..].bytes().all(|b| b.is_ascii_hexdigit()))?;
        let share = swatch["share"].as_f64().unwrap_or(0.0).clamp(0.0, 1.0);
        let name = escape(swatch["name"].as_str().unwrap_or_default());
        Some(format!(
            "<li style=\"flex-grow:{share:.3}\"><i style=\"background:{hex}\"></i><b>{name}</b>\
             <span>{hex} · {:.0}\u{a0}%</span></li>\n",
            share * 100.0
        ))
    };
    let swatches: String = palette.as_array().into_iter().flatten().filter_map(swatch).collect();
    if swatches.is_empty() { swatches } else { format!("<h2>Colours</h2>\n<ul class=\"palette\">\n{swatches}</ul>\n") }
}

fn card(row: &ReferenceStatus, picture: &Picture) -> String {
    let image = |class: &str, url: &Option<String>, missing: &str| match url {
        Some(url) => format!("<div class=\"{class}\"><img src=\"{url}\" alt=\"\"></div>"),
        None => format!("<div class=\"{class} none\">{missing}</div>"),
    };
    let verdict = row.verdict.as_deref().unwrap_or("waiting");
    let tone = match verdict {
        "good" => "good",
        "rejected" => "bad",
        _ => "doubtful",
    };
    let number = |value: &Value| value.as_f64().map(|value| format!("{value:.2}"));
    let facts = [
        row.width.zip(row.height).map(|(w, h)| format!("{w}×{h}")),
        row.measures["side"].as_u64().map(|side| format!("subject {side} px")),
        number(&row.measures["sharpness"]).map(|sharp| format!("sharpness {sharp}")),
        row.measures["method"].as_str().map(|method| method.replace('_', " ")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let reasons: String = row.reasons.iter().map(|reason| tag("li", "", &reason.text)).collect();
    format!(
        "<figure class=\"reference {tone}\">\n<div class=\"pair\">{}{}</div>\n<figcaption><div class=\"name\">\
         <span>Reference {}</span><span class=\"badge {tone}\">{}</span></div>\n{}<ul class=\"reasons\">{reasons}</ul>\
         </figcaption>\n{}</figure>\n",
        image("photo", &picture.source, "unreadable"),
        image("cutout", &picture.cutout, "no cut-out"),
        row.index,
        escape(verdict),
        tag("div", "facts-line", &facts.join(" · ")),
        picture.actual.as_ref().map_or_else(String::new, grounds),
    )
}

/// The cut-out pixel by pixel on grounds that show what is wrong with its outline.
fn grounds(Actual { url, width, height }: &Actual) -> String {
    let ground =
        |class: &str| format!("<div class=\"{class}\"><i style=\"width:{width}px;height:{height}px\"></i></div>");
    let grounds: String = ["checks", "black", "white"].map(ground).concat();
    format!(
        "<details class=\"actual\" style=\"--cutout:url({url})\"><summary>Cut-out at 100\u{a0}%</summary>\
         <div class=\"grounds\">{grounds}</div></details>\n"
    )
}

/// The consistency of every reference with every other, as a table of shades.
fn similarity(report: &Value) -> String {
    let indices: Vec<i64> = report["indices"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    if indices.len() < 2 {
        return String::new();
    }
    let heads: String = indices.iter().map(|index| format!("<th scope=\"col\">{index}</th>")).collect();
    let row = |(index, row): (&i64, &Value)| {
        let cell = |value: &Value| {
            let value = value.as_f64().unwrap_or(0.0).clamp(0.0, 1.0);
            format!("<td style=\"--v:{value:.3}\">{value:.2}</td>")
        };
        let cells: String = row.as_array().into_iter().flatten().map(cell).collect();
        format!("<tr><th scope=\"row\">{index}</th>{cells}</tr>\n")
    };
    let rows: String = indices.iter().zip(report["matrix"].as_array().into_iter().flatten()).map(row).collect();
    format!(
        "<h2>Self-similarity</h2>\n<p class=\"hint\">How consistent the references are with each other; from 0.5 on two \
         rather show the same subject.</p>\n<div class=\"scroll\"><table class=\"matrix\"><thead><tr><td></td>{heads}</tr>\
         </thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn jobs(jobs: &[JobUse]) -> String {
    if jobs.is_empty() {
        return "<h2>Jobs</h2>\n<p class=\"hint\">No job has used it yet.</p>\n".into();
    }
    let row = |job: &JobUse| {
        format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>@{}</td><td>{}</td></tr>\n",
            escape(job.name.as_deref().unwrap_or("–")),
            job.id,
            escape(&job.status),
            job.version,
            job.created_at.format("%F %H:%M"),
        )
    };
    let rows: String = jobs.iter().map(row).collect();
    format!(
        "<h2>Jobs</h2>\n<div class=\"scroll\"><table class=\"jobs\"><thead><tr><th>Name</th><th>Job</th><th>State</th>\
         <th>Version</th><th>Accepted</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

#[cfg(test)]
mod tests;
