//! What a campaign made, for the networks and for programs: `index.csv` and `index.json`.

use super::ledger::{Entry, Ledger, MadeFile, Outcome};
use super::template::path_part;
use anyhow::Context;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use uuid::Uuid;

/// A file of a campaign.
#[derive(Debug, Serialize)]
struct Row<'a> {
    campaign: &'a str,
    id: &'a str,
    title: &'a str,
    locale: &'a str,
    scene: &'a str,
    variant: char,
    /// Names the advertisement in reports: campaign, product, scene, locale, spec and variant.
    ad_name: String,
    #[serde(flatten)]
    file: Facts<'a>,
    job: Uuid,
}

#[derive(Debug, Serialize)]
struct Facts<'a> {
    spec: &'a str,
    network: &'a str,
    path: &'a str,
    key: &'a str,
    width: i32,
    height: i32,
    bytes: i64,
    mime: &'a str,
    compliant: bool,
    problems: &'a str,
    consistency: Option<f32>,
    link: &'a str,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    pub(super) files: u64,
    pub(super) compliant: u64,
    pub(super) bytes: u64,
}

const HEAD: [&str; 19] = [
    "campaign",
    "id",
    "title",
    "locale",
    "scene",
    "variant",
    "ad_name",
    "spec",
    "network",
    "path",
    "key",
    "width",
    "height",
    "bytes",
    "mime",
    "compliant",
    "problems",
    "consistency",
    "link",
];

/// Writes both; a row at a time, however many there are.
///
/// # Errors
/// When they cannot be written.
pub(super) fn write(ledger: &Ledger, campaign: &str, out: &Path) -> anyhow::Result<Sum> {
    let create = |name: &str| -> anyhow::Result<BufWriter<File>> {
        let path = out.join(name);
        Ok(BufWriter::new(File::create(&path).with_context(|| format!("cannot write {}", path.display()))?))
    };
    let (mut table, mut json) = (csv::Writer::from_writer(create("index.csv")?), create("index.json")?);
    table.write_record(HEAD)?;
    let mut sum = Sum::default();
    ledger.each_made(|entry| {
        each(campaign, &entry, |row| {
            json.write_all(if sum.files == 0 { b"[\n" } else { b",\n" })?;
            serde_json::to_writer(&mut json, row)?;
            table.write_record(cells(row))?;
            sum.files += 1;
            sum.compliant += u64::from(row.file.compliant);
            sum.bytes += row.file.bytes.cast_unsigned();
            Ok(())
        })
    })?;
    json.write_all(if sum.files == 0 { b"[]\n" } else { b"\n]\n" })?;
    json.flush()?;
    table.flush()?;
    Ok(sum)
}

fn each(campaign: &str, entry: &Entry, mut tell: impl FnMut(&Row<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let Outcome::Made { job, product, title, locale, scene, files, .. } = &entry.outcome else { return Ok(()) };
    for file in files {
        let MadeFile { spec, variant, .. } = file;
        let name = [campaign, product, scene, locale, spec, &variant.to_string()].map(path_part).join("_");
        let (id, ad_name) = (product.as_str(), name);
        tell(&Row { campaign, id, title, locale, scene, variant: *variant, ad_name, file: facts(file), job: *job })?;
    }
    Ok(())
}

fn facts(file: &MadeFile) -> Facts<'_> {
    Facts {
        spec: &file.spec,
        network: file.spec.split('-').next().unwrap_or_default(),
        path: &file.path,
        key: &file.key,
        width: file.width,
        height: file.height,
        bytes: file.bytes,
        mime: &file.mime,
        compliant: file.compliant,
        problems: &file.problems,
        consistency: file.consistency,
        link: &file.link,
    }
}

/// In the order of [`HEAD`]. Spreadsheets take what begins with these characters for a formula: a feed is from outside.
fn cells(row: &Row<'_>) -> [String; 19] {
    let Facts { spec, network, path, key, width, height, bytes, mime, compliant, problems, consistency, link } =
        &row.file;
    let [variant, consistency] = [row.variant.to_string(), consistency.map(|c| c.to_string()).unwrap_or_default()];
    let numbers = [width.to_string(), height.to_string(), bytes.to_string(), compliant.to_string()];
    let [width, height, bytes, compliant] = numbers.each_ref().map(String::as_str);
    let cells = [
        row.campaign,
        row.id,
        row.title,
        row.locale,
        row.scene,
        &variant,
        &row.ad_name,
        spec,
        network,
        path,
        key,
        width,
        height,
        bytes,
        mime,
        compliant,
        problems,
        &consistency,
        link,
    ];
    cells.map(|cell| if cell.starts_with(['=', '+', '-', '@', '\t']) { format!("'{cell}") } else { cell.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_list_say_the_same_and_no_cell_is_a_formula() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let file = MadeFile {
            path: "a/b.jpg".into(),
            spec: "meta-story".into(),
            variant: 'B',
            width: 9,
            height: 16,
            bytes: 3,
            mime: "image/jpeg".into(),
            compliant: false,
            problems: "size: 9×16".into(),
            consistency: Some(0.5),
            link: String::new(),
            key: "k".into(),
        };
        let outcome = Outcome::Made {
            job: Uuid::nil(),
            product: "p 1".into(),
            title: "=HYPERLINK(\"x\")".into(),
            locale: "de-DE".into(),
            scene: "linen".into(),
            files: vec![file],
            seconds: 1.0,
        };
        ledger.write(&Entry { key: "k".into(), fingerprint: "f".into(), outcome }).unwrap();
        let sum = write(&ledger, "spring", dir.path()).unwrap();
        assert_eq!(sum, Sum { files: 1, compliant: 0, bytes: 3 });
        let table = std::fs::read_to_string(dir.path().join("index.csv")).unwrap();
        assert!(table.contains("spring_p-1_linen_de-DE_meta-story_B") && table.contains("\"'=HYPERLINK(\"\"x\"\")\""));
        let list: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(dir.path().join("index.json")).unwrap()).unwrap();
        assert_eq!((list[0]["network"].as_str(), list[0]["consistency"].as_f64()), (Some("meta"), Some(0.5)));
    }
}
