use super::*;
use crate::manifest::AssetTimings;
use cavendish_gateway::api::JobTimings;
use cavendish_specs::{Catalogue, Check};
use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

fn check(name: &str, outcome: Outcome) -> Check {
    Check { name: name.into(), rule: "≤ 30000000 bytes".into(), measured: "412 kB".into(), outcome }
}

fn asset(brief: &BriefRecord, spec: &str, variant: u32, compliant: bool) -> AssetRecord {
    let known = Catalogue::builtin().get(spec).unwrap();
    let last = if compliant { Outcome::Passed } else { Outcome::Failed };
    AssetRecord {
        preview: None,
        brief: brief.slug.clone(),
        job_id: brief.job_id,
        spec: spec.into(),
        title: known.title.clone(),
        variant,
        path: format!("{}/{spec}-{variant}.jpg", brief.slug),
        width: known.size.width,
        height: known.size.height,
        bytes: 412_000,
        mime: "image/jpeg".into(),
        compliant,
        checks: vec![
            check("size", Outcome::Passed),
            check("ratio", Outcome::NotApplicable),
            check("no-text", Outcome::NotMachineChecked),
            check("bytes", last),
        ],
        left_out: vec![],
        uncertain: None,
        consistency: None,
        seed: 41 + u64::from(variant),
        model: "nano-v0".into(),
        steps: 12,
        timings: AssetTimings {
            planning_ms: Some(120),
            render_ms: Some(2_300),
            postprocess_ms: Some(610),
            ..Default::default()
        },
        key: "k".into(),
    }
}

fn brief(number: u128, name: &str, prompt: &str, photo: Option<&str>) -> BriefRecord {
    BriefRecord {
        slug: format!("brief-{number}"),
        name: name.into(),
        job_id: Uuid::from_u128(number),
        status: JobState::Completed,
        error: None,
        prompt: prompt.into(),
        renders_of: None,
        seed: Some(42),
        photo: photo.map(Into::into),
        timings: JobTimings {
            planning_ms: Some(120),
            rendering_ms: Some(2_300),
            finishing_ms: Some(610),
            total_ms: Some(3_030),
        },
    }
}

pub(crate) fn sample() -> Manifest {
    let briefs = vec![
        brief(1, "Coffee cup", "", Some("brief-1/source.png")),
        brief(2, "Hamburger <script>", "a \"hamburger\" & fries", None),
    ];
    let specs = ["amazon-main", "google-merchant", "meta-feed-portrait", "meta-story", "linkedin-landscape"];
    let mut assets = Vec::new();
    for brief in &briefs {
        for variant in [1, 2] {
            assets.extend(specs.iter().map(|spec| asset(brief, spec, variant, *spec != "meta-story" || variant == 1)));
        }
    }
    Manifest { cavendish: "0.1.0".into(), created_at: Utc::now(), elapsed_ms: 4_200, briefs, assets }
}

#[test]
fn every_file_is_on_the_page_at_its_own_ratio() {
    let page = page(&sample());
    for asset in sample().assets {
        assert!(page.contains(&format!("<img src=\"{}\"", asset.path)), "{}", asset.path);
    }
    assert!(page.contains("--r:1.0000") && page.contains("--r:0.5625") && page.contains("--r:1.9108"));
    assert!(page.contains("18 / 20") && page.contains("Source photograph"));
    assert_eq!(page.matches("Variant 2").count(), 2);
}

#[test]
fn a_variant_of_the_usual_five_is_one_row_and_many_files_are_broken_into_rows() {
    let manifest = sample();
    let page = page(&manifest);
    // Two briefs of two variants each, five files a row.
    assert_eq!(page.matches("<div class=\"row").count(), 4);
    let ten: Vec<_> = manifest.assets.iter().take(10).collect();
    assert_eq!(rows(&ten).iter().map(|row| row.len()).collect::<Vec<_>>(), [5, 5]);
    assert!(row(&ten[..1]).contains("class=\"row short\" style=\"--rest:4.2000\""));
}

#[test]
fn a_doubtful_cut_out_is_told() {
    let mut manifest = sample();
    manifest.assets[0].uncertain = Some("the <rim>".into());
    manifest.assets[0].left_out = vec!["cta".into(), "legal".into()];
    let html = page(&manifest);
    assert!(html.contains("<div class=\"doubt\">Cut-out: the &lt;rim&gt;</div>"));
    manifest.assets.iter_mut().for_each(|asset| asset.compliant = true);
    let html = page(&manifest);
    assert!(html.contains("<div class=\"figure doubtful\"><b>1</b><span>of these doubtful</span></div>"));
    assert!(
        html.contains("<span class=\"badge doubtful\">1 doubtful</span>") && html.contains("<i class=\"doubtful\"")
    );
    assert!(html.contains("<div class=\"doubt\">No room for cta, legal</div>"));
}

#[test]
fn consistency_is_told_and_too_little_of_it_is_seen() {
    let mut manifest = sample();
    let record = |score, below| Some(ConsistencyRecord { score, least: 0.5, below, tries: vec![Value::Null; 3] });
    manifest.assets.iter_mut().for_each(|asset| asset.compliant = true);
    manifest.assets[0].consistency = record(0.91, false);
    assert!(page(&manifest).contains("<div class=\"facts-line\">consistency 0.91, 3 tries</div>"));
    manifest.assets[0].consistency = record(0.31, true);
    let page = page(&manifest);
    assert!(page.contains("<div class=\"fault\">consistency: 0.31, wanted ≥ 0.5, 3 tries</div>"));
    assert!(page.contains("1 below consistency"));
}

#[test]
fn what_failed_is_told_and_nothing_breaks_out_of_the_page() {
    let page = page(&sample());
    assert_eq!(page.matches("class=\"fault\"").count(), 2);
    assert!(page.contains("bytes: 412 kB, wanted ≤ 30000000 bytes"));
    assert!(page.contains("1 check passed, 1 for the eye"));
    assert!(!page.contains("<script") && page.contains("Hamburger &lt;script&gt;"));
    assert!(page.contains("a &quot;hamburger&quot; &amp; fries"));
    // Self-contained: nothing is fetched from elsewhere.
    assert!(!page.contains("http://") && !page.contains("https://"));
}

/// With `CAVENDISH_SHEET_OUT` set, the sample lies there afterwards, for people to look at.
#[test]
fn the_sample_can_be_looked_at() {
    let Some(folder) = std::env::var_os("CAVENDISH_SHEET_OUT").map(std::path::PathBuf::from) else { return };
    std::fs::write(folder.join("index.html"), page(&sample())).unwrap();
}
