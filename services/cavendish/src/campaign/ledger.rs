//! What a campaign has done so far: a file of JSON lines, one a step, written as steps end. A campaign that was
//! interrupted goes on behind the last whole line.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// A step that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Of an item, or `subject/…`.
    pub(crate) key: String,
    /// Of what it was made from.
    pub(crate) fingerprint: String,
    /// What came of it.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub(crate) enum Outcome {
    /// A product became a subject profile: `name@version`.
    Profiled {
        /// The profile.
        profile: String,
    },
    /// A job was completed and its files are there.
    Made {
        /// The job.
        job: Uuid,
        /// The product's id in the feed.
        product: String,
        /// The product's title.
        title: String,
        /// Of the item.
        locale: String,
        /// Of the item.
        scene: String,
        /// The files.
        files: Vec<MadeFile>,
        /// From sending it to the last file.
        seconds: f64,
    },
    /// It could not be done.
    Failed {
        /// The job, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<Uuid>,
        /// Why.
        error: String,
    },
}

/// A file of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MadeFile {
    /// Below the output folder.
    pub(crate) path: String,
    pub(crate) spec: String,
    /// `A`, `B`, …
    pub(crate) variant: char,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) bytes: i64,
    pub(crate) mime: String,
    pub(crate) compliant: bool,
    /// The checks that failed, in words.
    pub(crate) problems: String,
    /// How like itself the product is, 0..=1.
    pub(crate) consistency: Option<f32>,
    /// The product's page with the plan's tags.
    pub(crate) link: String,
    /// In the bucket.
    pub(crate) key: String,
}

/// What is remembered of a step while a campaign runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) fingerprint: String,
    /// The profile, of a product.
    pub(crate) profile: Option<String>,
    pub(crate) done: bool,
    /// How often it failed.
    pub(crate) failures: u32,
    /// Where its newest line begins.
    at: u64,
}

/// The ledger of one campaign.
pub(crate) struct Ledger {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    known: HashMap<String, Known>,
    /// Where the next line begins.
    end: u64,
}

impl Ledger {
    /// Takes up the ledger in `folder`, or begins one.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("campaign.jsonl");
        let cannot = || format!("cannot keep the campaign's ledger {}", path.display());
        let mut known = HashMap::new();
        if path.is_file() {
            each(&path, |at, entry| learn(&mut known, &entry, at)).with_context(cannot)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).with_context(cannot)?;
        // A line that was cut off when the machine went down ends here.
        writeln!(file).with_context(cannot)?;
        let end = file.metadata().with_context(cannot)?.len();
        Ok(Self { path, state: Mutex::new(State { file, known, end }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a step.
    pub(crate) fn known(&self, key: &str) -> Option<Known> {
        self.state().known.get(key).cloned()
    }

    /// How a step ended last.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn read(&self, key: &str) -> anyhow::Result<Option<Entry>> {
        let Some(known) = self.known(key) else { return Ok(None) };
        let mut file = BufReader::new(File::open(&self.path)?);
        file.seek(SeekFrom::Start(known.at))?;
        let mut line = String::new();
        file.read_line(&mut line)?;
        Ok(Some(serde_json::from_str(&line).with_context(|| format!("{} was changed", self.path.display()))?))
    }

    /// Writes down how a step ended.
    ///
    /// # Errors
    /// When the disk is full or away.
    pub(crate) fn write(&self, entry: &Entry) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        let mut state = self.state();
        state.file.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))?;
        let at = state.end;
        state.end += line.len() as u64;
        learn(&mut state.known, entry, at);
        Ok(())
    }

    /// Every job that was done and still holds, in the order they ended.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn each_made(&self, mut tell: impl FnMut(Entry) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut told = Ok(());
        each(&self.path, |at, entry| {
            let holds = self.state().known.get(&entry.key).is_some_and(|known| known.at == at);
            if holds && told.is_ok() && matches!(entry.outcome, Outcome::Made { .. }) {
                told = tell(entry);
            }
        })?;
        told
    }

    /// Seconds that a job takes on average, from sending it to its last file; `None` while none was done.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn seconds_each(&self) -> anyhow::Result<Option<f64>> {
        let (mut sum, mut count) = (0.0, 0u32);
        self.each_made(|entry| {
            if let Outcome::Made { seconds, .. } = entry.outcome {
                sum += seconds;
                count += 1;
            }
            Ok(())
        })?;
        Ok((count > 0).then(|| sum / f64::from(count)))
    }
}

fn learn(known: &mut HashMap<String, Known>, entry: &Entry, at: u64) {
    let before = known.get(&entry.key).filter(|known| known.fingerprint == entry.fingerprint);
    let failures = before.map_or(0, |known| known.failures);
    let (profile, done, failures) = match &entry.outcome {
        Outcome::Profiled { profile } => (Some(profile.clone()), true, failures),
        Outcome::Made { .. } => (None, true, failures),
        Outcome::Failed { .. } => (None, false, failures + 1),
    };
    known.insert(entry.key.clone(), Known { fingerprint: entry.fingerprint.clone(), profile, done, failures, at });
}

/// Reads the entries of a ledger with where they begin; lines that are none were cut off.
fn each(path: &Path, mut tell: impl FnMut(u64, Entry)) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut at = 0;
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        if let Ok(entry) = serde_json::from_slice(&line) {
            tell(at, entry);
        }
        at += line.len() as u64 + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(key: &str, fingerprint: &str) -> Entry {
        let outcome = Outcome::Made {
            job: Uuid::nil(),
            product: "p".into(),
            title: "t".into(),
            locale: "en-US".into(),
            scene: "s".into(),
            files: vec![],
            seconds: 1.0,
        };
        Entry { key: key.into(), fingerprint: fingerprint.into(), outcome }
    }

    fn failed(key: &str) -> Entry {
        let outcome = Outcome::Failed { job: None, error: "no".into() };
        Entry { key: key.into(), fingerprint: "1".into(), outcome }
    }

    #[test]
    fn what_was_done_is_known_after_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        for entry in [made("a", "1"), failed("b"), failed("b"), made("c", "1"), made("c", "2")] {
            ledger.write(&entry).unwrap();
        }
        std::fs::OpenOptions::new().append(true).open(&ledger.path).unwrap().write_all(b"{\"key\":\"d\",").unwrap();
        drop(ledger);
        let again = Ledger::open(dir.path()).unwrap();
        again.write(&made("e", "1")).unwrap();
        assert!(again.known("a").unwrap().done);
        let b = again.known("b").unwrap();
        assert_eq!((b.done, b.failures), (false, 2));
        assert_eq!(again.known("d"), None);
        let mut told = vec![];
        let each = again.each_made(|entry| {
            told.push(format!("{}{}", entry.key, entry.fingerprint));
            Ok(())
        });
        each.unwrap();
        assert_eq!(told, ["a1", "c2", "e1"], "what was done anew counts once");
        assert_eq!(again.read("c").unwrap(), Some(made("c", "2")));
        assert_eq!(again.seconds_each().unwrap(), Some(1.0));
    }
}
