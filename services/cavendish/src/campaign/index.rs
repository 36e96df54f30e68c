//! What a campaign made, for the networks and for programs: `index.csv` and `index.json`.

use super::entry::{Entry, MadeFile, Outcome};
use super::ledger::Ledger;
use super::template::path_part;
use anyhow::Context;
use serde::Serialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use uuid::Uuid;

/// A file of a campaign.
#[derive(Debug, Clone, Serialize)]
struct Row<'a> {
    campaign: &'a str,
    id: Cow<'a, str>,
    title: Cow<'a, str>,
    locale: &'a str,
    scene: &'a str,
    variant: char,
    /// Names the advertisement in reports: campaign, product, scene, locale, spec and variant.
    ad_name: String,
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
    doubt: &'a str,
    consistency: Option<f32>,
    link: &'a str,
    job: Uuid,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    pub(super) files: u64,
    pub(super) compliant: u64,
    /// On spec, from a doubtful cut-out.
    pub(super) doubtful: u64,
    pub(super) bytes: u64,
}

/// The network of a spec, which its id begins with.
pub(super) fn network(spec: &str) -> &str {
    spec.split('-').next().unwrap_or_default()
}

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
    let mut sum = Sum::default();
    ledger.each_made(|entry| {
        for row in rows(campaign, &entry) {
            json.write_all(if sum.files == 0 { b"[\n" } else { b",\n" })?;
            serde_json::to_writer(&mut json, &row)?;
            sum.files += 1;
            sum.compliant += u64::from(row.compliant);
            sum.doubtful += u64::from(row.compliant && !row.doubt.is_empty());
            sum.bytes += row.bytes.cast_unsigned();
            table.serialize(row.for_spreadsheets())?;
        }
        Ok(())
    })?;
    json.write_all(if sum.files == 0 { b"[]\n" } else { b"\n]\n" })?;
    json.flush()?;
    table.flush()?;
    Ok(sum)
}

fn rows<'a>(campaign: &'a str, entry: &'a Entry) -> Vec<Row<'a>> {
    let Outcome::Made { job, product, title, locale, scene, files, .. } = &entry.outcome else { return vec![] };
    let row = |file: &'a MadeFile| Row {
        campaign,
        id: product.into(),
        title: title.into(),
        locale,
        scene,
        variant: file.variant,
        ad_name: [campaign, product, scene, locale, &file.spec, &file.variant.to_string()].map(path_part).join("_"),
        spec: &file.spec,
        network: network(&file.spec),
        path: &file.path,
        key: &file.key,
        width: file.width,
        height: file.height,
        bytes: file.bytes,
        mime: &file.mime,
        compliant: file.compliant,
        problems: &file.problems,
        doubt: &file.doubt,
        consistency: file.consistency,
        link: &file.link,
        job: *job,
    };
    files.iter().map(row).collect()
}

impl Row<'_> {
    /// Spreadsheets take what begins with these characters for a formula, and what a feed says of a product is from outside.
    fn for_spreadsheets(mut self) -> Self {
        for text in [&mut self.id, &mut self.title] {
            if text.starts_with(['=', '+', '-', '@', '\t']) {
                text.to_mut().insert(0, '\'');
            }
        }
        self
    }
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
            doubt: String::new(),
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
            files: vec![MadeFile { compliant: true, doubt: "the rim".into(), ..file.clone() }, file],
            seconds: 1.0,
            renders_of: None,
        };
        ledger.write(&Entry { key: "k".into(), fingerprint: "f".into(), outcome }).unwrap();
        let sum = write(&ledger, "spring", dir.path()).unwrap();
        assert_eq!(sum, Sum { files: 2, compliant: 1, doubtful: 1, bytes: 6 });
        let table = std::fs::read_to_string(dir.path().join("index.csv")).unwrap();
        assert!(table.contains("spring_p-1_linen_de-DE_meta-story_B") && table.contains("\"'=HYPERLINK(\"\"x\"\")\""));
        let list: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(dir.path().join("index.json")).unwrap()).unwrap();
        assert_eq!((list[0]["network"].as_str(), list[0]["consistency"].as_f64()), (Some("meta"), Some(0.5)));
    }
}
