//! The contact sheet: one self-contained page beside the files, without scripts, in light and dark.

pub(crate) mod html;
pub(crate) mod preview;

use crate::manifest::{AssetRecord, BriefRecord, ConsistencyRecord, Manifest};
use crate::output;
use cavendish_domain::JobState;
use cavendish_specs::Outcome;
use html::{escape, tag};
use std::fmt::Write as _;

pub(crate) const STYLE: &str = include_str!("sheet.css");
pub(crate) const MARK: &str = include_str!("mark.svg");
/// Widths over height of all files in a row, at most.
const ROW_RATIO: f64 = 6.0;
/// A row with less than this is filled up with nothing, so that its files do not get out of size.
const FULL_RATIO: f64 = 5.2;

/// The page for `manifest`; links are relative to the manifest's folder.
#[must_use]
pub fn page(manifest: &Manifest) -> String {
    let names: Vec<_> = manifest.briefs.iter().map(|brief| brief.name.as_str()).collect();
    let title = escape(&format!("{} · Cavendish", names.join(", ")));
    let briefs: String = manifest.briefs.iter().map(|brief| section(manifest, brief)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{}<main>\n{briefs}</main>\n{}</body>\n</html>\n",
        masthead(manifest),
        footer(manifest),
    )
}

fn masthead(manifest: &Manifest) -> String {
    let (made, good) = (manifest.assets.len(), manifest.compliant());
    let bytes = manifest.assets.iter().map(|asset| asset.bytes).sum();
    let doubtful = manifest.doubtful();
    let tone = html::tone(made > 0 && good == made, doubtful > 0);
    let doubts = (doubtful > 0).then(|| (doubtful.to_string(), "of these doubtful", "doubtful"));
    let figures = [(made.to_string(), "files", ""), (format!("{good} / {made}"), "on spec", tone)];
    let rest = [(output::bytes(bytes), "in all", ""), (output::span(manifest.elapsed_ms), "start to finish", "")];
    let figures: String = figures
        .iter()
        .chain(&doubts)
        .chain(&rest)
        .map(|(value, label, tone)| {
            format!("<div class=\"figure {tone}\"><b>{}</b><span>{label}</span></div>\n", escape(value))
        })
        .collect();
    format!(
        "<header class=\"masthead\">\n<div class=\"brand\">{MARK}<div><h1>Contact sheet</h1><p>{}</p></div></div>\n\
         <div class=\"figures\">\n{figures}</div>\n</header>\n",
        manifest.created_at.format("%e %B %Y, %H:%M UTC").to_string().trim()
    )
}

fn section(manifest: &Manifest, brief: &BriefRecord) -> String {
    let assets: Vec<_> = manifest.assets_of(brief).collect();
    let mut variants: Vec<u32> = assets.iter().map(|asset| asset.variant).collect();
    variants.sort_unstable();
    variants.dedup();
    let mut strips = String::new();
    for variant in &variants {
        let of_it: Vec<_> = assets.iter().copied().filter(|asset| asset.variant == *variant).collect();
        strips += &strip(*variant, variants.len(), &of_it);
    }
    format!(
        "<section class=\"brief\" id=\"{}\">\n{}{strips}</section>\n",
        escape(&brief.slug),
        brief_head(brief, &assets)
    )
}

fn brief_head(brief: &BriefRecord, assets: &[&AssetRecord]) -> String {
    let mut facts = vec![("Job", tag("code", "", &brief.job_id.to_string()))];
    if let Some(seed) = brief.seed {
        facts.push(("Seed", escape(&seed.to_string())));
    }
    if let Some(asset) = assets.first() {
        let steps = if asset.steps > 0 { format!(", {} steps", asset.steps) } else { String::new() };
        facts.push(("Model", escape(&format!("{}{steps}", asset.model))));
    }
    let stages = [
        ("Planned in", brief.timings.planning_ms),
        ("rendered in", brief.timings.rendering_ms),
        ("finished in", brief.timings.finishing_ms),
    ];
    let stages: Vec<_> =
        stages.iter().filter_map(|(what, ms)| ms.map(|ms| format!("{what} {}", output::span(ms)))).collect();
    if let Some(total) = brief.timings.total_ms {
        let title = escape(&stages.join(", "));
        facts.push(("Time", format!("<span title=\"{title}\">{}</span>", escape(&output::span(total)))));
    }
    let facts: String =
        facts.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n")).collect();
    let photo = brief.photo.as_ref().map_or_else(String::new, |photo| {
        let path = escape(photo);
        format!(
            "<figure class=\"source\"><a href=\"{path}\"><img src=\"{path}\" alt=\"Source photograph\"></a>\
             <figcaption>Source photograph</figcaption></figure>\n"
        )
    });
    let plain = brief.renders_of.map_or_else(
        || "The subject as it is, on a studio backdrop.".to_owned(),
        |job| format!("The renders of job {job}, finished anew."),
    );
    let prompt = if brief.prompt.is_empty() { &plain } else { &brief.prompt };
    let quoted = if brief.prompt.is_empty() { "prompt plain" } else { "prompt" };
    format!(
        "<div class=\"brief-head{}\">\n{photo}<div class=\"about\">\n<h2>{}{}</h2>\n{}{}<dl class=\"facts\">\n{facts}</dl>\n</div>\n</div>\n",
        if brief.photo.is_some() { " with-source" } else { "" },
        escape(&brief.name),
        badge(brief, assets),
        tag("p", quoted, prompt),
        brief.error.as_deref().map_or_else(String::new, |error| tag("p", "error", error)),
    )
}

fn badge(brief: &BriefRecord, assets: &[&AssetRecord]) -> String {
    if brief.status != JobState::Completed {
        return tag("span", "badge bad", brief.status.as_str());
    }
    let below = |asset: &&&AssetRecord| asset.consistency.as_ref().is_some_and(|consistency| consistency.below);
    let unlike = assets.iter().filter(below).count();
    match assets.iter().filter(|asset| !asset.compliant).count() {
        0 if unlike > 0 => tag("span", "badge bad", &format!("{unlike} below consistency")),
        0 => match assets.iter().filter(|asset| asset.uncertain.is_some()).count() {
            0 => tag("span", "badge good", "all on spec"),
            doubtful => tag("span", "badge doubtful", &format!("{doubtful} doubtful")),
        },
        misfits => tag("span", "badge bad", &format!("{misfits} off spec")),
    }
}

fn strip(variant: u32, variants: usize, assets: &[&AssetRecord]) -> String {
    let heading = if variants > 1 { tag("h3", "", &format!("Variant {variant}")) } else { String::new() };
    let rows: String = rows(assets).into_iter().map(row).collect();
    format!("{heading}<div class=\"strip\">\n{rows}</div>\n")
}

/// Breaks a strip into rows of about the same height: files side by side are as wide together as [`ROW_RATIO`] allows.
fn rows<'a>(assets: &'a [&'a AssetRecord]) -> Vec<&'a [&'a AssetRecord]> {
    let (mut rows, mut start, mut sum) = (Vec::new(), 0, 0.0);
    for (at, asset) in assets.iter().enumerate() {
        if at > start && sum + ratio(asset) > ROW_RATIO {
            rows.push(&assets[start..at]);
            (start, sum) = (at, 0.0);
        }
        sum += ratio(asset);
    }
    rows.push(&assets[start..]);
    rows
}

fn row(assets: &[&AssetRecord]) -> String {
    let cards: String = assets.iter().map(|asset| card(asset)).collect();
    let rest = FULL_RATIO - assets.iter().map(|asset| ratio(asset)).sum::<f64>();
    match rest > 0.0 {
        true => format!("<div class=\"row short\" style=\"--rest:{rest:.4}\">\n{cards}</div>\n"),
        false => format!("<div class=\"row\">\n{cards}</div>\n"),
    }
}

/// Width over height.
fn ratio(asset: &AssetRecord) -> f64 {
    f64::from(asset.width.max(1)) / f64::from(asset.height.max(1))
}

fn card(asset: &AssetRecord) -> String {
    let path = escape(&asset.path);
    let source = asset.preview.as_deref().map_or_else(|| path.clone(), escape);
    let (width, height) = (asset.width.max(1), asset.height.max(1));
    let ratio = ratio(asset);
    // A number stays with its unit.
    let bytes = output::bytes(asset.bytes).replace(' ', "\u{a0}");
    let facts = format!("{width}×{height} · {bytes} · {}", format_name(&asset.mime));
    format!(
        "<figure class=\"card\" style=\"--r:{ratio:.4}\">\n\
         <a href=\"{path}\"><img src=\"{source}\" width=\"{width}\" height=\"{height}\" loading=\"lazy\" alt=\"{}\"></a>\n\
         <figcaption>\n<div class=\"name\">{}{}</div>\n{}{}</figcaption>\n</figure>\n",
        escape(&format!("{}, variant {}", asset.title, asset.variant)),
        tag("span", "", &asset.spec),
        match (asset.compliant, &asset.uncertain) {
            (true, None) => "<i class=\"ok\" title=\"on spec\">✓</i>",
            (true, Some(_)) => "<i class=\"doubtful\" title=\"on spec, its cut-out doubtful\">?</i>",
            (false, _) => "<i class=\"no\" title=\"off spec\">✗</i>",
        },
        tag("div", "facts-line", &facts),
        checks(asset),
    )
}

/// What failed in full view, the rest folded away.
fn checks(asset: &AssetRecord) -> String {
    let mut html = String::new();
    let count = |outcome| asset.checks.iter().filter(|check| check.outcome == outcome).count();
    for check in asset.checks.iter().filter(|check| check.outcome == Outcome::Failed) {
        let text = format!("{}: {}, wanted {}", check.name, check.measured, check.rule);
        html += &tag("div", "fault", &text);
    }
    if let Some(consistency) = &asset.consistency {
        html += &alike(consistency);
    }
    if let Some(doubt) = &asset.uncertain {
        html += &tag("div", "doubt", &format!("Cut-out: {doubt}"));
    }
    if !asset.left_out.is_empty() {
        html += &tag("div", "doubt", &format!("No room for {}", asset.left_out.join(", ")));
    }
    let (passed, unseen) = (count(Outcome::Passed), count(Outcome::NotMachineChecked));
    if passed + unseen == 0 {
        return html;
    }
    let mut rows = String::new();
    for check in asset.checks.iter().filter(|check| check.outcome != Outcome::NotApplicable) {
        let (mark, tone) = match check.outcome {
            Outcome::Passed => ("✓", "ok"),
            Outcome::Failed => ("✗", "no"),
            _ => ("○", "unseen"),
        };
        let _ = write!(
            rows,
            "<li class=\"{tone}\"><i>{mark}</i><b>{}</b> {}<small>{}</small></li>",
            escape(&check.name),
            escape(&check.measured),
            escape(&check.rule)
        );
    }
    let unseen = if unseen > 0 { format!(", {unseen} for the eye") } else { String::new() };
    let took: u64 =
        [asset.timings.planning_ms, asset.timings.render_ms, asset.timings.postprocess_ms].iter().flatten().sum();
    let more = format!("Seed {} · {} · {}", asset.seed, asset.model, output::span(took));
    let _ = write!(
        html,
        "<details><summary>{passed} {} passed{unseen}</summary><ul>{rows}</ul>{}</details>",
        if passed == 1 { "check" } else { "checks" },
        tag("div", "facts-line", &more)
    );
    html
}

/// How like themselves the subjects are; in full view when it is less than was asked for.
fn alike(consistency: &ConsistencyRecord) -> String {
    let ConsistencyRecord { score, least, below, tries } = consistency;
    let tries = if tries.len() > 1 { format!(", {} tries", tries.len()) } else { String::new() };
    match below {
        true => tag("div", "fault", &format!("consistency: {score:.2}, wanted ≥ {least}{tries}")),
        false => tag("div", "facts-line", &format!("consistency {score:.2}{tries}")),
    }
}

fn format_name(mime: &str) -> String {
    mime.rsplit('/').next().unwrap_or(mime).to_uppercase()
}

fn footer(manifest: &Manifest) -> String {
    format!(
        "<footer><p>Made by Cavendish {}. <a href=\"manifest.json\">manifest.json</a> has every file with its checks, \
         seed and timings. The same brief and seed give the same bytes.</p></footer>\n",
        escape(&manifest.cavendish)
    )
}

#[cfg(test)]
mod tests;
